"""A lab that is up, told and asked by other commands: faults, and what there is to see."""
