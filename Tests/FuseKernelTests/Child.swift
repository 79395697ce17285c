import Glibc
import Synchronization

@testable import FuseKernel

/// Runs `body` on a thread of its own, where it may block, and returns what it returns.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let thread = OwnThread.start("test") { continuation.resume(returning: body()) }
        precondition(thread != nil, "the system gives a test another thread")
        thread?.detach()
    }
}

/// A program run by a test: file operations happen in it and never in the test's own threads.
struct Child: Sendable {
    struct Outcome: Sendable {
        /// The exit status, or minus the signal that ended it.
        var status: Int32
        /// Standard output and standard error.
        var output: [UInt8]
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    let id: pid_t
    private let outputDescriptor: Int32

    /// Starts `arguments[0]`, found on the path, with the default signals.
    init(_ arguments: [String]) {
        // One at a time: until its pipe is marked, another child would inherit it and keep it open.
        self = Self.starting.withLock { _ in Child(spawning: arguments) }
    }

    private static let starting = Mutex(())

    private init(spawning arguments: [String]) {
        var ends: [Int32] = [0, 0]
        let status = pipe(&ends)
        precondition(status == 0, "the system gives a test a pipe")
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        var attributes = Self.defaultSignals()
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var id: pid_t = 0
        let spawned = posix_spawnp(&id, arguments[0], &actions, &attributes, &words, environ)
        for word in words { free(word) }
        posix_spawnattr_destroy(&attributes)
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        precondition(spawned == 0, "\(arguments[0]) can be started")
        self.id = id
        outputDescriptor = ends[0]
    }

    /// A test run may itself have been started with signals blocked or ignored.
    private static func defaultSignals() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        return attributes
    }

    func send(_ signal: Int32) { kill(id, signal) }

    /// Waits for its end on a thread; to be called once.
    func outcome() async -> Outcome {
        await onThread { [id, outputDescriptor] in
            var output: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(outputDescriptor, &chunk, chunk.count)
                if count <= 0 { break }
                output += chunk.prefix(count)
            }
            close(outputDescriptor)
            var status: Int32 = 0
            waitpid(id, &status, 0)
            let signal = status & 0x7f
            return Outcome(status: signal == 0 ? (status >> 8) & 0xff : -signal, output: output)
        }
    }

    static func run(_ arguments: String...) async -> Outcome { await Child(arguments).outcome() }
}
