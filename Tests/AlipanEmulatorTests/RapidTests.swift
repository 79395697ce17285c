import Foundation
import Testing

@testable import AlipanEmulator

@Suite struct RapidTests {
    @Test(
        arguments: [
            ("token-B", "byBXb3JsZCE=", Array("Hello World!".utf8)), ("token-C", "bGQh", Array("Hello World!".utf8)),
            ("example-access-token", "amtsbW5vcHE=", Array("abcdefghijklmnopqrstuvwxyz".utf8)),
            ("example-access-token", "h4iJiouMjY4=", pattern(1 << 20)), ("token-A", "Yw==", Array("abc".utf8)),
            ("any", "", []),
        ] as [(String, String, [UInt8])])
    func proofsOfTheContract(token: String, proof: String, content: [UInt8]) async throws {
        let state = State(configuration: Configuration(time: .manual()), epoch: 1)
        #expect(state.proof(of: Content(bytes: content), bearer: token) == proof)
    }

    @Test func hashesOfTheContract() throws {
        #expect(Content(bytes: Array("Hello World!".utf8)).hash?.text == "2EF7BDE608CE5404E97D5F042F95F89F1C232871")
        let made = try Content(synthetic: .modulo(251), size: 1 << 20, hashed: true)
        #expect(made.hash?.text == "C2FC4CB20F1301A6B0DD211C19E69A13925DBE40")
        #expect(sha1(Array(pattern(2048, modulus: 256).prefix(1024))) == "5B00669C480D5CFFBDFA8BDBA99561160F2D1B77")
    }

    private func rapid(_ rig: Rig, _ name: String, _ bytes: [UInt8], token: String? = nil) async throws -> Reply {
        let start = bytes.isEmpty ? 0 : Int(ProofCode.start(token: token ?? rig.token, size: Int64(bytes.count)))
        let proof = Data(bytes[start..<min(start + 8, bytes.count)]).base64EncodedString()
        return try await rig.begin(
            name, size: bytes.count,
            [
                "content_hash": sha1(bytes).lowercased(), "content_hash_name": "sha1", "proof_code": proof,
                "proof_version": "v1",
            ])
    }

    @Test func knownContentNeedsNoUpload() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5000)
            let unknown = try await rapid(rig, "a", bytes)
            #expect(try unknown.flag("rapid_upload") == false)
            #expect(try unknown.partURLs.count == 1)
            _ = try await rig.upload("b", bytes)
            let known = try await rapid(rig, "c", bytes)
            #expect(try known.flag("rapid_upload") == true)
            #expect(try rig.emulator.bytes("/c") == bytes)
            // The proof counts for the bearer of this very request.
            let stale = try await rapid(rig, "d", bytes, token: "another token")
            #expect(stale.status == 400)
            #expect(try stale.code == "InvalidRapidProof")
            rig.change { $0.uploadIdAfterRapid = true }
            let withID = try await rapid(rig, "e", bytes)
            #expect(try await rig.file("complete", rig.ids(withID)).string("file_name") == "e")
        }
    }

    @Test func preHashSaysMaybe() async throws {
        try await Rig.run { rig async throws in
            let bytes = pattern(5000)
            let fields: [String: Any] = ["pre_hash": sha1(Array(bytes.prefix(1024)))]
            let fresh = try await rig.begin("a", size: 5000, fields)
            #expect(fresh.status == 200)
            #expect(try fresh.partURLs.count == 1)
            _ = try await rig.upload("b", bytes)
            let matched = try await rig.begin("c", size: 5000, fields)
            #expect(matched.status == 409)
            #expect(try matched.code == "PreHashMatched")
            rig.change { $0.preHashStatus = 400 }
            #expect(try await rig.begin("c", size: 5000, fields).status == 400)
            #expect(try await rig.begin("c", size: 5001, fields).status == 200)
        }
    }

    @Test func proofNeedsItsCompany() async throws {
        try await Rig.run { rig async throws in
            let hash: [String: Any] = ["content_hash": sha1([1]), "proof_code": "AQ==", "proof_version": "v1"]
            #expect(try await rig.begin("a", size: 1, hash).code == "InvalidParameterMissing")
            let named = hash.merging(["content_hash_name": "sha1"]) { $1 }
            #expect(try await rig.begin("a", size: nil, named).code == "InvalidParameterMissing")
            #expect(try await rig.begin("a", size: 1, named.merging(["proof_version": "v2"]) { $1 }).status == 400)
        }
    }
}
