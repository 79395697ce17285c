import Foundation
import Glibc
import SystemPackage

/// What goes to the user's terminal.
enum Terminal {
    /// Somebody looks at standard output.
    static var isShown: Bool { isatty(STDOUT_FILENO) == 1 }

    /// To standard output. A reader that is gone is no trouble of ours.
    static func say(_ text: String) { write(text + "\n", to: .standardOutput) }

    /// To standard error, as one line that begins with the program's name.
    static func complain(_ message: String) { write("aliyunfs: \(message)\n", to: .standardError) }

    /// To standard error, as it is.
    static func mutter(_ text: String) { write(text, to: .standardError) }

    private static func write(_ text: String, to descriptor: FileDescriptor) {
        do { try descriptor.writeAll(text.utf8) } catch { return }
    }
}
