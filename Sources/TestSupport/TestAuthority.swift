import Foundation

/// An authority that only one test trusts, and the certificates it gives out; `openssl` makes them in a folder.
public struct TestAuthority: Sendable {
    /// PEM files.
    public struct Certificate: Sendable {
        public let chain: String
        public let key: String
    }

    public struct Failure: Error {
        public let words: String
    }

    private static let newKey = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    private let folder: String
    private let name: String

    /// What has to be trusted: a PEM file.
    public var root: String { folder + "/\(name).pem" }

    /// `folder` must exist.
    public init(in folder: String, named name: String = "authority") async throws {
        self.folder = folder
        self.name = name
        try await openssl("\(Self.newKey) -x509 -days 2 -subj /CN=\(name) -keyout \(name).key -out \(name).pem")
    }

    /// A certificate for the names of this machine, unless others are given as `openssl` writes them.
    ///
    /// - Parameter isExpired: its last day was yesterday.
    public func certificate(
        for names: String = "IP:127.0.0.1,DNS:localhost", isExpired: Bool = false
    ) async throws -> Certificate {
        let stem = UUID().uuidString
        try "subjectAltName=\(names)\n".write(toFile: "\(folder)/\(stem).names", atomically: false, encoding: .utf8)
        try await openssl("\(Self.newKey) -subj /CN=\(stem) -keyout \(stem).key -out \(stem).request")
        // -1 is what this option has for tests of just that.
        try await openssl(
            "x509 -req -days \(isExpired ? -1 : 2) -in \(stem).request -out \(stem).pem -extfile \(stem).names "
                + "-CA \(name).pem -CAkey \(name).key -CAcreateserial")
        return Certificate(chain: "\(folder)/\(stem).pem", key: "\(folder)/\(stem).key")
    }

    private func openssl(_ words: String) async throws {
        let outcome = await Child(["openssl"] + words.split(separator: " ").map(String.init), in: folder).outcome()
        guard outcome.status == 0 else { throw Failure(words: "openssl \(words): \(outcome.text)") }
    }
}
