import Foundation
import Glibc
import ProcessLife
import SystemPackage

/// A program that a test runs. File operations on a mount that the test itself serves belong in one.
///
/// Not by Foundation's `Process`: its search for open files reads beyond a directory entry, which now and then ends a
/// process with thousands of them. Waiting holds up no thread of the pool that the tests run on.
public struct Child: Sendable {
    public struct Outcome: Sendable {
        /// The exit status, or minus the signal that ended it.
        public var status: Int32
        /// Its standard output.
        public var output: [UInt8]
        /// Its standard error.
        public var errors: [UInt8]
        /// Both, one after the other.
        public var text: String { String(decoding: output + errors, as: UTF8.self) }
    }

    public let id: pid_t
    /// Files, not pipes: a process that it leaves behind would keep a pipe open, and its reader waiting.
    private let output: FileDescriptor
    private let errors: FileDescriptor

    /// Starts `words[0]`, found on the path, with the default signals, whichever this process was started with.
    ///
    /// - Parameter folder: where it works, if not here.
    /// - Parameter environment: all of its variables, if not ours.
    /// - Parameter input: what its standard input holds.
    public init(
        _ words: [String], in folder: String? = nil, environment: [String: String]? = nil, input: String = ""
    ) {
        let given = Self.file(holding: input)
        (output, errors) = (Self.file(), Self.file())
        let place = folder.map { ["--chdir", $0] } ?? []
        var spawn = Spawn(
            "/usr/bin/env", ["env", "--default-signal"] + place + words,
            environment: environment ?? ProcessInfo.processInfo.environment)
        spawn.descriptors = [(given, 0), (output, 1), (errors, 2)]
        do {
            id = try spawn.start()
            try given.close()
        } catch {
            preconditionFailure("the system gives a test a process: \(error)")
        }
    }

    public static func run(_ words: String...) async -> Outcome { await Child(words).outcome() }

    public func send(_ signal: Int32) { kill(id, signal) }

    public struct Silent: Error {}

    /// Its first line, without the line feed; throws when there is none within a minute.
    public func firstLine() async throws -> String {
        for _ in 0..<12_000 {
            let printed = Self.contents(of: output)
            if let end = printed.firstIndex(of: 10) { return String(decoding: printed[..<end], as: UTF8.self) }
            // A process has no clock that a test could move.
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Silent()
    }

    /// Waits for its end; to be called once.
    public func outcome() async -> Outcome {
        let end = await withCheckedContinuation { continuation in
            let thread = Thread { [id] in
                continuation.resume(returning: Result { () throws(Errno) in try Spawn.wait(for: id) })
            }
            thread.start()
        }
        defer { for file in [output, errors] { close(file.rawValue) } }
        let status: Int32 =
            switch end {
            case .success(.exited(let status)): status
            case .success(.signalled(let signal)): -signal
            case .failure(let error): preconditionFailure("a child is waited for once: \(error)")
            }
        return Outcome(status: status, output: Self.contents(of: output), errors: Self.contents(of: errors))
    }

    /// A file without a name.
    private static func file(holding text: String = "") -> FileDescriptor {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "child-\(UUID())").path)
        do {
            let file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec], permissions: .ownerReadWrite)
            unlink(path.string)
            try file.writeAll(toAbsoluteOffset: 0, Array(text.utf8))
            return file
        } catch {
            preconditionFailure("the system gives a test a file: \(error)")
        }
    }

    /// At its own offset: the child writes at the one they share.
    private static func contents(of file: FileDescriptor) -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = pread(file.rawValue, &piece, piece.count, off_t(bytes.count))
            guard count > 0 else { return bytes }
            bytes += piece.prefix(count)
        }
    }
}
