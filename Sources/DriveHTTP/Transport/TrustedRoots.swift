import FoundationEssentials
import Glibc
import NIOSSL

/// Whose word is taken for who a server is.
public enum TrustedRoots: Hashable, Sendable {
    /// The authorities that this machine trusts.
    case system
    /// Those in a PEM file, and no others: what `SSL_CERT_FILE` names.
    case file(String)

    /// Why no server at all could be trusted.
    public struct Flaw: Error, Hashable, Sendable {
        public let words: String
        /// What to do, for the end of a sentence.
        public let mend: String
    }

    /// Where NIOSSL looks for the system's: what Debian's package ca-certificates makes, and Fedora's file.
    static let systemFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    static let systemFolder = "/etc/ssl/certs"

    /// Throws where there is no authority to trust.
    public func check() throws(Flaw) { _ = try load() }

    /// Why the system's are of no use at this moment; a file was read before, and what became of it does not matter.
    var systemFlaw: Flaw? {
        guard self == .system else { return nil }
        do throws(Flaw) { try check() } catch { return error }
        return nil
    }

    /// A file is read here and now: it may go or change while it is in use.
    func load(
        systemFiles: [String] = Self.systemFiles, systemFolder: String = Self.systemFolder
    ) throws(Flaw) -> NIOSSLTrustRoots {
        switch self {
        case .file(let path): return try Self.read(path)
        case .system:
            guard systemFiles.contains(where: Self.isThere) || Self.hasCertificates(systemFolder) else {
                throw Flaw(
                    words: "this machine has no certificates to trust",
                    mend: "install them with 'apt install ca-certificates', or name a PEM file in SSL_CERT_FILE")
            }
            return .default
        }
    }

    private static func read(_ path: String) throws(Flaw) -> NIOSSLTrustRoots {
        let mend = "name a PEM file with the certificates to trust, or unset it to trust the system's"
        guard access(path, R_OK) == 0 else {
            let words = String(cString: strerror(errno)).lowercased()
            throw Flaw(words: "SSL_CERT_FILE: \(path) cannot be read (\(words))", mend: mend)
        }
        do {
            return .certificates(try NIOSSLCertificate.fromPEMFile(path))
        } catch {
            throw Flaw(words: "SSL_CERT_FILE: \(path) holds no certificate", mend: mend)
        }
    }

    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_size > 0
    }

    /// Certificates are found by names that are hashes with a number.
    private static func hasCertificates(_ folder: String) -> Bool {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).contains { $0.hasSuffix(".0") }
        } catch {
            return false
        }
    }
}
