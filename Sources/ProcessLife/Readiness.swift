import Foundation
import Glibc
import Settings
import Synchronization
import SystemPackage

/// What a process that was started in the background tells the one that started it: one line.
enum ReadinessReport: Hashable, Sendable {
    case ready
    case failed(MountFailure)

    /// `ready` or `failed 77 message`.
    var line: String {
        switch self {
        case .ready: "ready\n"
        case .failed(let failure):
            "failed \(failure.status.rawValue) \(Self.oneLine(failure.message))\n"
        }
    }

    private static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.last == UInt8(ascii: "\n") else { return nil }
        let words = String(decoding: bytes.dropLast(), as: UTF8.self).split(separator: " ", maxSplits: 2)
        switch (words.first, words.count) {
        case ("ready", 1): self = .ready
        case ("failed", 3):
            guard let status = Int32(words[1]).flatMap(ExitStatus.init(rawValue:)) else { return nil }
            self = .failed(MountFailure(status, String(words[2])))
        default: return nil
        }
    }
}

/// The end in the background process. Reports once; later calls do nothing.
public final class ReadinessReporter: Sendable {
    static let descriptor: Int32 = 3
    private let channel: Mutex<FileDescriptor?>

    /// nil when this process was not started to report. Takes the variable away, so that no child inherits it; to be
    /// called early, while nothing else looks at the environment.
    public init?(_ surroundings: inout Surroundings) {
        let announced = surroundings.environment.removeValue(forKey: EnvironmentName.readiness)
        unsetenv(EnvironmentName.readiness)
        guard let announced, let number = Int32(announced), number == Self.descriptor else { return nil }
        var status = stat()
        guard fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        channel = Mutex(FileDescriptor(rawValue: number))
    }

    init(_ channel: FileDescriptor) { self.channel = Mutex(channel) }

    /// Whether the one who waits was still there to hear it.
    @discardableResult public func ready() -> Bool { report(.ready) }

    @discardableResult public func failed(_ failure: MountFailure) -> Bool { report(.failed(failure)) }

    private func report(_ report: ReadinessReport) -> Bool {
        let channel = channel.withLock { channel in
            defer { channel = nil }
            return channel
        }
        guard let channel else { return true }
        defer { channel.closeQuietly() }
        do {
            try channel.writeAll(report.line.utf8)
            return true
        } catch {
            return false
        }
    }
}
