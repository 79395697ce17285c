import NIOCore
import NIOSSL

/// The two PEM files by which a server proves who it is.
public struct CertificateFiles: Sendable, Equatable {
    /// The certificate, followed by those that vouch for it.
    public var chain: String
    public var key: String

    public init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }

    func context() throws(StartError) -> NIOSSLContext {
        let certificates = try Self.read(chain) { try NIOSSLCertificate.fromPEMFile($0) }
        let secret = try Self.read(key) { try NIOSSLPrivateKey(file: $0, format: .pem) }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(secret))
        return try Self.read(key) { _ in try NIOSSLContext(configuration: configuration) }
    }

    private static func read<T>(_ path: String, _ body: (String) throws -> T) throws(StartError) -> T {
        do {
            return try body(path)
        } catch {
            throw .certificate(path: path, reason: String(describing: error))
        }
    }
}

extension Channel {
    /// Ends a connection at once, without the farewell that TLS would wait for.
    func cut() {
        eventLoop.execute {
            do {
                try self.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
                    .close(mode: .all, promise: nil)
            } catch {
                // Nothing is encrypted here.
                self.close(promise: nil)
            }
        }
    }
}
