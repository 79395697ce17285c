import Basics
import Foundation
import Glibc
import Logging

/// One event of the log as one line.
struct LogLine: Sendable {
    var level: Logger.Level
    /// The part of the program that speaks.
    var label: String
    var message: String
    var metadata: [(key: String, value: String)]

    /// `2026-11-24T06:12:45.017Z info fuse: mounted path=/mnt`; without the time where the reader adds its own.
    func text(at time: UnixTime?) -> String {
        let stamp = time.map { Self.stamp($0) + " " } ?? ""
        let details = metadata.map { " \($0.key)=\(Self.plain($0.value))" }.joined()
        return "\(stamp)\(level.rawValue) \(label): \(Self.plain(message))\(details)"
    }

    func json(at time: UnixTime) -> String {
        var fields = Dictionary(metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        fields["time"] = Self.stamp(time)
        fields["level"] = level.rawValue
        fields["label"] = label
        fields["message"] = message
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(fields), as: UTF8.self)
        } catch {
            return "{\"level\":\"error\",\"message\":\"a log line could not be encoded\"}"
        }
    }

    /// The weight in the numbers of syslog, which the journal uses.
    var priority: Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    static func stamp(_ time: UnixTime) -> String {
        var seconds = time_t(time.seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ number: some BinaryInteger, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - "\(number)".count)) + "\(number)"
        }
        let date = [padded(parts.tm_year + 1_900, 4), padded(parts.tm_mon + 1, 2), padded(parts.tm_mday, 2)]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded($0, 2) }
        let milliseconds = padded(time.nanoseconds / 1_000_000, 3)
        return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(milliseconds)Z"
    }

    /// What comes from outside must neither forge a line nor steer a terminal.
    static func plain(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) }) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            if scalar == "\n" { line += "\\n" } else { line.unicodeScalars.append(isControl(scalar) ? "?" : scalar) }
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
