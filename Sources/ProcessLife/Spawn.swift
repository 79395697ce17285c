import CLibc
import Glibc
import SystemPackage

/// Starts another program. Never by `fork`: this process has threads, and of them a fork keeps only one.
public struct Spawn: Sendable {
    public var program: FilePath
    /// With the program's own name first.
    public var arguments: [String]
    public var environment: [String: String]
    /// Away from this terminal and its signals.
    public var inNewSession = false
    /// What the child gets under which number, beside the standard three; the numbers follow on from these.
    public var descriptors: [(ours: FileDescriptor, theirs: Int32)] = []

    public init(_ program: FilePath, _ arguments: [String], environment: [String: String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    public enum End: Hashable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// A name without a slash is looked for in `PATH`.
    public func start() throws(Errno) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        try setSignals(of: &attributes)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in descriptors {
            try check(posix_spawn_file_actions_adddup2(&actions, descriptor.ours.rawValue, descriptor.theirs))
        }
        // Whoever waits for the end of a pipe that is open here must not wait for this child too. Closed in the child:
        // a list made here would miss what another thread opens before the child is there.
        let last = max(descriptors.map(\.theirs).max() ?? STDERR_FILENO, STDERR_FILENO)
        try check(posix_spawn_file_actions_addclosefrom_np(&actions, last + 1))
        var child: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let status = withCStrings(arguments) { argv in
            withCStrings(variables) { envp in
                program.withPlatformString { posix_spawnp(&child, $0, &actions, &attributes, argv, envp) }
            }
        }
        try check(status)
        return child
    }

    /// The child starts as if from a shell: no signal blocked, none ignored.
    private func setSignals(of attributes: inout posix_spawnattr_t) throws(Errno) {
        var none = sigset_t()
        sigemptyset(&none)
        try check(posix_spawnattr_setsigmask(&attributes, &none))
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        try check(posix_spawnattr_setsigdefault(&attributes, &pipe))
        var flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        if inNewSession { flags |= CLIBC_SPAWN_SETSID }
        try check(posix_spawnattr_setflags(&attributes, Int16(flags)))
    }

    private func check(_ status: Int32) throws(Errno) {
        if status != 0 { throw Errno(rawValue: status) }
    }

    /// How the child ended. Blocks until it does.
    public static func wait(for child: pid_t) throws(Errno) -> End {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
}

private func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}

/// Two ends of a channel that no child inherits unless it is given them. A pair of sockets, since only these are
/// made close-on-exec in one step here.
struct Channel {
    let reading: FileDescriptor
    let writing: FileDescriptor

    init() throws(Errno) {
        var ends: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw Errno(rawValue: errno) }
        reading = FileDescriptor(rawValue: ends[0])
        writing = FileDescriptor(rawValue: ends[1])
    }
}

extension FileDescriptor {
    /// Closes; what a failed close means for a pipe or a file that was only read is nothing.
    func closeQuietly() {
        do { try close() } catch { return }
    }
}
