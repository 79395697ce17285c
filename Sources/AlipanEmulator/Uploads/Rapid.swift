import Crypto

/// Rapid upload: content the service has already (contract 7.4).
extension State {
    /// The content to use, or nil for a normal upload.
    func rapidContent(_ asked: CreateFields, _ call: Call) throws(APIError) -> Content? {
        if let hash = asked.contentHash { return try byHash(hash, asked, call) }
        if let preHash = asked.preHash, let size = asked.size {
            guard let wanted = ContentHash(preHash) else { throw .invalid("PreHash", "should be a SHA-1") }
            let matches = known.values.contains { $0.size == size && Self.preHash($0) == wanted }
            if matches { throw APIError(switches.preHashStatus, "PreHashMatched", "Pre hash matched.") }
        }
        return nil
    }

    private func byHash(_ text: String, _ asked: CreateFields, _ call: Call) throws(APIError) -> Content? {
        guard asked.contentHashName == "sha1" else { throw .missing("content_hash_name") }
        guard let hash = ContentHash(text) else { throw .invalid("ContentHash", "should be a SHA-1") }
        // A hash alone declares what will come; only with a proof does it ask for a rapid upload.
        guard asked.proofCode != nil || asked.proofVersion != nil else { return nil }
        guard asked.proofVersion == "v1" else { throw .invalid("ProofVersion", "should be v1") }
        guard let size = asked.size else { throw .missing("size") }
        guard let content = known[hash] else { return nil }
        guard content.size == size, let proof = proof(of: content, bearer: call.bearer ?? ""),
            proof == asked.proofCode ?? ""
        else {
            throw APIError(400, "InvalidRapidProof", "The proof_code is not valid.")
        }
        return content
    }

    /// `proof_code` v1; nil if the bytes cannot be read.
    func proof(of content: Content, bearer: String) -> String? {
        if content.size == 0 { return "" }
        let start = ProofCode.start(token: bearer, size: content.size)
        do {
            return Base64.encode(try content.read(at: start, count: 8))
        } catch {
            return nil
        }
    }

    private static func preHash(_ content: Content) -> ContentHash? {
        do {
            return ContentHash(Insecure.SHA1.hash(data: try content.read(at: 0, count: 1024)))
        } catch {
            // Content whose file is gone matches nothing.
            return nil
        }
    }
}

enum ProofCode {
    /// Where the proof begins: the first sixteen hex digits of the token's MD5, unsigned, modulo the size.
    static func start(token: String, size: Int64) -> Int64 {
        var number: UInt64 = 0
        for byte in Insecure.MD5.hash(data: Array(token.utf8)).prefix(8) { number = number << 8 | UInt64(byte) }
        return Int64(number % UInt64(size))
    }
}
