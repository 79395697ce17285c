import NIOSSL

/// Why there is no TLS connection, in words.
enum TLSTrouble {
    /// What is wrong with the certificate that a server showed; nil where `error` is about something else.
    static func distrust(_ error: any Error, roots: TrustedRoots) -> String? {
        if error as? NIOSSLExtraError == .failedToValidateHostname { return "it is for another name" }
        guard reason(error) == "CERTIFICATE_VERIFY_FAILED" else { return nil }
        // A file was read when the mount began; what became of it since then is another matter.
        if roots == .system { do throws(TrustedRoots.Flaw) { try roots.check() } catch { return error.words } }
        // The library does not tell these apart.
        return "it is signed by nobody who is trusted here, or out of date"
    }

    /// The library's name for what went wrong in a handshake. Its errors tell it in their descriptions alone, behind
    /// places in its sources.
    static func reason(_ error: any Error) -> String? {
        guard case NIOSSLError.handshakeFailed(.sslError(let stack)) = error, let text = stack.first?.description
        else { return nil }
        guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return "it ended early" }
        return String(text[start...].prefix { $0 != " " })
    }
}
