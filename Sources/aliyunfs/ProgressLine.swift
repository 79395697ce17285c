import Glibc

/// One line on the terminal that is written over again and again; nothing where standard error is no terminal.
struct ProgressLine: Sendable {
    let isShown = isatty(STDERR_FILENO) == 1

    func show(_ text: String) {
        if isShown { Terminal.mutter("\r" + Self.cut(text, to: width) + "\u{1b}[K") }
    }

    func clear() {
        if isShown { Terminal.mutter("\r\u{1b}[K") }
    }

    private var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 79 }
        return Int(size.ws_col) - 1
    }

    /// Wide characters take two columns.
    private static func cut(_ text: String, to width: Int) -> String {
        var left = width
        return String(
            text.prefix { character in
                left -= (character.unicodeScalars.first?.value ?? 0) >= 0x1100 ? 2 : 1
                return left >= 0
            })
    }
}
