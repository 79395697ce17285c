import NIOSSL

/// Why there is no TLS connection, in words.
enum TLSTrouble {
    /// What is wrong with the certificate that a server showed; nil where `error` is about something else.
    ///
    /// - Parameter flaw: what is wrong with the roots it was measured by.
    static func distrust(_ error: any Error, flaw: @autoclosure () -> TrustedRoots.Flaw?) -> String? {
        if error as? NIOSSLExtraError == .failedToValidateHostname { return "it is for another name" }
        // Where the system has not even an empty place for roots, the library fails before it calls anybody, and bare.
        if error is BoringSSLError { return flaw()?.words }
        guard reason(error) == "CERTIFICATE_VERIFY_FAILED" else { return nil }
        // The library does not tell these apart.
        return flaw()?.words ?? "it is signed by nobody who is trusted here, or out of date"
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
