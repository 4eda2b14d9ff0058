# Evaluates a Vagrantfile without Vagrant and prints what it says, as JSON: rows of [path, arguments, options].
# PRETEND_CPUINFO: the file it shall find in the place of /proc/cpuinfo; PRETEND_KVM: of /dev/kvm.
require "json"

PRETENDED = { "/proc/cpuinfo" => ENV["PRETEND_CPUINFO"], "/dev/kvm" => ENV["PRETEND_KVM"] }
File.singleton_class.prepend(Module.new do
  def read(path, *rest) = super(PRETENDED[path] || path, *rest)
  def open(path, *rest, &block) = super(PRETENDED[path] || path, *rest, &block)
end)

class Recorder < BasicObject
  def initialize(path, rows) = (@path, @rows = path, rows)

  def method_missing(name, *arguments, **options, &block)
    path = "#{@path}.#{name}".chomp("=")
    @rows << [path, arguments, options] unless arguments.empty? && options.empty?
    path += "[#{arguments[0]}]" if block
    inner = ::Recorder.new(path, @rows)
    block&.call(inner)
    inner
  end
end

module Vagrant
  ROWS = []
  def self.require_version(*) = nil
  def self.configure(_version) = yield(Recorder.new("config", ROWS))
end

load ARGV[0]
puts JSON.generate(Vagrant::ROWS)
