"""The lab's options, markers and fixtures are the plugin's: see lab/pytest_plugin."""

pytest_plugins = ("lab.pytest_plugin",)
