import Drive
import ReadPath
import Testing

@Suite struct ContentSourceTests {
    let hash = ContentHash(bytes: Array(repeating: 7, count: 20))
    let first = ObjectID(drive: DriveID("1"), file: FileID("a"))
    let second = ObjectID(drive: DriveID("1"), file: FileID("b"))

    @Test func duplicatesOfOneHashShareAKey() {
        let a = ContentSource(object: first, size: 10, contentHash: hash)
        let b = ContentSource(object: second, size: 10, contentHash: hash)
        #expect(a.key == b.key)
        #expect(a.key != ContentSource(object: first, size: 11, contentHash: hash).key)
    }

    @Test func withoutAHashTheObjectAndItsStreamAreTheKey() {
        let whole = ContentSource(object: first, size: 10)
        #expect(whole.key != ContentSource(object: second, size: 10).key)
        #expect(whole.key != ContentSource(object: first, stream: "mov", size: 10).key)
    }
}
