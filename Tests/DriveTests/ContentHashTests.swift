import Drive
import Testing

@Suite struct ContentHashTests {
    @Test func hexOfEitherCaseIsOneHash() throws {
        let lower = try #require(ContentHash(hex: "2ef7bde608ce5404e97d5f042f95f89f1c232871"))
        let upper = try #require(ContentHash(hex: "2EF7BDE608CE5404E97D5F042F95F89F1C232871"))
        #expect(lower == upper)
        #expect(lower.hex == "2ef7bde608ce5404e97d5f042f95f89f1c232871")
        #expect(ContentHash(bytes: lower.bytes) == lower)
        #expect(lower.bytes.first == 0x2E && lower.bytes.last == 0x71 && lower.bytes.count == 20)
    }

    @Test(arguments: ["", "2ef7", "zz" + String(repeating: "0", count: 38), String(repeating: "0", count: 42)])
    func anythingElseIsNone(_ text: String) {
        #expect(ContentHash(hex: text) == nil)
    }
}
