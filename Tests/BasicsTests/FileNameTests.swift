import Basics
import Testing

@Suite struct FileNameTests {
    @Test func composedAndDecomposedFormsAreTwoNames() {
        #expect(FileName("caf\u{E9}") != FileName("cafe\u{301}"))
        #expect(Set([FileName("\u{E9}"), FileName("e\u{301}")]).count == 2)
    }

    @Test func bytesThatAreNotUTF8AreKeptAndKnown() {
        let name = FileName(bytes: [0x61, 0xFF])
        #expect(name.bytes == [0x61, 0xFF])
        #expect(!name.isValidUTF8)
        #expect(FileName("照片").isValidUTF8)
    }
}
