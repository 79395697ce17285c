import Basics
import Drive
import LivePhoto
import MetadataStore
import Testing

@testable import RemoteFS

private func file(_ id: String, _ name: FileName, updated: Int64 = 0, streams: [StreamInfo] = []) -> DriveFile {
    DriveFile(
        id: ObjectID(drive: DriveID("1"), file: FileID(id)), parent: .root, name: name, kind: .file, size: 1,
        updatedAt: UnixTime(seconds: updated), streams: streams)
}

private func assign(_ files: [DriveFile], mode: LivePhotoMode = .jpeg) -> [String: String] {
    var names = NameAssigner(mode: mode)
    let named = files.flatMap { names.add($0) } + names.finish()
    return Dictionary(named.map { ($0.name.text, $0.file.id.file.rawValue) }) { first, _ in first }
}

@Suite struct NameEncodingTests {
    @Test(arguments: [
        ("plain.txt", "plain.txt"), ("a/b", "a／b"), (".", "．"), ("..", "．．"), ("...", "..."), ("a\0b", "a␀b"),
        ("", "␀"), ("中文 😀 e\u{301}", "中文 😀 e\u{301}"), ("a\\:*?\"<>|\n", "a\\:*?\"<>|\n"),
    ])
    func onlyTheImpossibleIsReplaced(given: String, shown: String) {
        #expect(NameEncoding.shown(FileName(given)).bytes == Array(shown.utf8))
    }

    @Test func anOverlongNameIsCutBetweenCharactersAndKeepsItsExtension() {
        let name = FileName(String(repeating: "界", count: 300) + ".jpeg")
        let marked = NameEncoding.marked(name, with: Array("~abcdef".utf8))
        #expect(marked.bytes.count <= 255 && marked.bytes.count > 250)
        #expect(marked.isValidUTF8)
        #expect(marked.text.hasSuffix("界~abcdef.jpeg"))
    }
}

@Suite struct NameAssignerTests {
    @Test func theOneUpdatedLastKeepsThePlainName() {
        let names = assign([
            file("aaaaaa1", "x.txt", updated: 1), file("bbbbbb1", "x.txt", updated: 3),
            file("cccccc1", "x.txt", updated: 2), file("d", "y"),
        ])
        let expected = ["x.txt": "bbbbbb1", "x~aaaaaa.txt": "aaaaaa1", "x~cccccc.txt": "cccccc1", "y": "d"]
        #expect(names == expected)
    }

    @Test func theOrderWithinOneNameChangesNothing() {
        let files = (0..<6).map { file("id\($0)", "same", updated: Int64($0 % 2)) }
        let first = assign(files)
        #expect(first.count == 6 && first["same"] == "id5")
        for _ in 0..<20 { #expect(assign(files.shuffled()) == first) }
    }

    @Test func asMuchOfTheIdAsMakesItUnique() {
        let names = assign([
            file("64b1aa00", "a", updated: 9), file("64b1aa01", "a"), file("64b1aa02", "a"), file("64b1aa03", "a"),
        ])
        let expected = ["a": "64b1aa00", "a~64b1aa": "64b1aa01", "a~64b1aa0": "64b1aa02", "a~64b1aa03": "64b1aa03"]
        #expect(names == expected)
    }

    @Test func anEncodedNameAndItsTwinAreToldApart() {
        let names = assign([file("one111", "a/b"), file("two222", "a／b")])
        #expect(names == ["a／b": "one111", "a／b~two222": "two222"])
    }

    @Test func aRealFileThatLooksLikeAMarkedOneIsNotHidden() {
        let names = assign([file("aaaaaa", "x", updated: 2), file("bbbbbb", "x"), file("c", "x~bbbbbb")])
        #expect(names.count == 3)
        #expect(Set(names.values) == ["aaaaaa", "bbbbbb", "c"])
    }

    @Test func livePhotosShowAsTheirViewsAndClashLikeDuplicates() {
        let streams = [StreamInfo(name: "jpeg", size: 5), StreamInfo(name: "mov", size: 9)]
        let files = [file("real00", "A.jpeg"), file("photo0", "A.livp", streams: streams)]
        #expect(assign(files) == ["A.jpeg": "real00", "A~photo0.jpeg": "photo0"])
        #expect(assign(files, mode: .zip) == ["A.jpeg": "real00", "A.livp": "photo0"])
    }

    @Test func strangeIdsMakeHarmlessMarks() {
        let names = assign([file("../..", "n", updated: 1), file("a/b", "n"), file("", "n")])
        #expect(names.count == 3)
        #expect(names.keys.allSatisfy { !$0.contains("/") })
    }
}
