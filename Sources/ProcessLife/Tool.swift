import Basics
import Glibc
import Settings
import SystemPackage

/// A small helper program that is run to its end: `fusermount3`.
public struct Tool: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        case notStarted(Errno)
        case tooSlow
        /// With its first words on standard error, or how it ended.
        case failed(String)
    }

    private let time: any TimeSource
    private let limit: Duration

    public init(time: any TimeSource, limit: Duration = .seconds(20)) {
        self.time = time
        self.limit = limit
    }

    /// Runs in the C locale, so that its words can be told apart, and without our own variables, one of which may
    /// hold a token.
    public func run(
        _ program: String, _ arguments: [String], environment: [String: String]
    ) async throws(Failure) {
        let variables = environment.filter { !$0.key.hasPrefix("ALIYUNFS_") }.merging(["LC_ALL": "C"]) { $1 }
        let (child, output) = try start(program, arguments, variables)
        let ended = await Blocking.run(within: limit, on: time) { Self.finish(child, output) }
        guard let ended else {
            kill(child, SIGKILL)
            throw .tooSlow
        }
        switch ended.end {
        case .success(.exited(0)): return
        case .success(.exited(let status)): throw .failed(ended.words ?? "\(program) ended with status \(status)")
        case .success(.signalled(let signal)): throw .failed("\(program) was ended by signal \(signal)")
        case .failure(let error): throw .failed(error.words)
        }
    }

    private func start(
        _ program: String, _ arguments: [String], _ variables: [String: String]
    ) throws(Failure) -> (pid_t, FileDescriptor) {
        do throws(Errno) {
            let channel = try Channel()
            defer { channel.writing.closeQuietly() }
            var spawn = Spawn(FilePath(program), [program] + arguments, environment: variables)
            spawn.descriptors = [(channel.writing, 1), (channel.writing, 2)]
            do throws(Errno) {
                return (try spawn.start(), channel.reading)
            } catch {
                channel.reading.closeQuietly()
                throw error
            }
        } catch {
            throw .notStarted(error)
        }
    }

    private struct Ended: Sendable {
        var end: Result<Spawn.End, Errno>
        var words: String?
    }

    private static func finish(_ child: pid_t, _ output: FileDescriptor) -> Ended {
        defer { output.closeQuietly() }
        let said = Result { () throws(Errno) in try output.readBytes(atMost: 65_536) }
        let end = Result { () throws(Errno) in try Spawn.wait(for: child) }
        guard case .success(let bytes) = said else { return Ended(end: end, words: nil) }
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first
        return Ended(end: end, words: line.map { Given.shown(line: String($0)) })
    }
}
