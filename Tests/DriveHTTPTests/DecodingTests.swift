import Basics
import Drive
import Testing

@testable import DriveHTTP

@Suite struct DecodingTests {
    private func file(_ json: String) throws -> DriveFile {
        try WireDecoding.decode(WireFile.self, from: Array(json.utf8)).file(in: DriveID("11"))
    }

    private func page(_ json: String) throws -> WirePage {
        try WireDecoding.decode(WirePage.self, from: Array(json.utf8))
    }

    @Test func readsAWholeFileObject() throws {
        let file = try file(
            """
            {"trashed":null,"name":"片 😀.mp4","thumbnail":null,"type":"file","category":"image3d","hidden":false,
            "starred":true,"status":"available","file_extension":"mp4","size":10737418240,"content_hash_name":"SHA1",
            "content_hash":"A9993E364706816ABA3E25717850C26C9CD0D89D","unknown":{"deep":[1,{"x":null}]},
            "created_at":"2023-06-28T10:00:20.022Z","updated_at":"2023-06-28T18:00:20+08:00","local_modified_at":null,
            "drive_id":"11","file_id":"64a","parent_file_id":"root","punish_flag":2,"streams_info":{}}
            """)
        #expect(file.id == ObjectID(drive: DriveID("11"), file: FileID("64a")))
        #expect(file.name == "片 😀.mp4")
        #expect(file.size == 10_737_418_240)
        #expect(file.contentHash?.hex == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(file.createdAt == UnixTime(seconds: 1_687_946_420, nanoseconds: 22_000_000))
        #expect(file.updatedAt == UnixTime(seconds: 1_687_946_420))
        #expect(file.localModifiedAt == nil)
        #expect(file.punishFlag == 2 && file.streams.isEmpty && !file.isTrashed && file.isAvailable)
    }

    @Test func readsAnObjectWithNothingButItsIdentity() throws {
        let file = try file(#"{"file_id":"x","file_name":"n"}"#)
        #expect(file.name == "n" && file.kind == .file && file.size == 0 && file.parent == .root)
        #expect(file.contentHash == nil && file.createdAt == nil && file.isAvailable)
    }

    @Test func toleratesOddTypes() throws {
        let file = try file(
            #"""
            {"file_id":12,"name":"n","size":"5368709120","trashed":1,"status":"uploading","punish_flag":true,
            "created_at":"yesterday","updated_at":5,"content_hash":"short","streams_info":null,"type":"file"}
            """#)
        #expect(file.id.file.rawValue == "12" && file.size == 5_368_709_120 && file.isTrashed && !file.isAvailable)
        #expect(file.createdAt == nil && file.updatedAt == nil && file.contentHash == nil)
    }

    @Test func noSizeIsLargerThanAFileMayBe() throws {
        let file = try file(#"{"file_id":"x","name":"n","size":9223372036854775807}"#)
        #expect(file.size == FileSize.max)
    }

    @Test func aFolderHasNeitherSizeNorHash() throws {
        let file = try file(
            #"""
            {"file_id":"d","name":"n","type":"folder","size":7,
            "content_hash":"A9993E364706816ABA3E25717850C26C9CD0D89D"}
            """#
        )
        #expect(file.kind == .folder && file.size == 0 && file.contentHash == nil)
    }

    @Test func anotherHashIsNoHash() throws {
        let file = try file(
            #"""
            {"file_id":"d","name":"n","content_hash_name":"crc64",
            "content_hash":"A9993E364706816ABA3E25717850C26C9CD0D89D"}
            """#)
        #expect(file.contentHash == nil)
    }

    @Test func readsTheStreamsOfALivePhoto() throws {
        let file = try file(
            #"{"file_id":"l","name":"a.livp","streams_info":{"mov":{"size":20},"heic":{"size":"10"},"x":{}}}"#)
        #expect(file.streams == [StreamInfo(name: "heic", size: 10), StreamInfo(name: "mov", size: 20)])
    }

    @Test func namesKeepTheirBytes() throws {
        let composed = try file(#"{"file_id":"1","name":"\#u{e9}"}"#)
        let decomposed = try file(#"{"file_id":"1","name":"e\#u{301}"}"#)
        #expect(composed.name.bytes == [0xC3, 0xA9])
        #expect(decomposed.name.bytes == [0x65, 0xCC, 0x81])
    }

    @Test func aBrokenEntryDoesNotHideThePage() throws {
        let long = String(repeating: "x", count: 5_000)
        let page = try page(
            #"""
            {"items":[{"file_id":"1","name":"a"},{"name":"no id"},{"file_id":"2"},null,7,
            {"file_id":"3","name":"\#(long)"},{"file_id":"4","name":"\ud83d"},{"file_id":"5","name":"b"}],
            "next_marker":"m"}
            """#)
        #expect(page.items.map(\.id).filter { $0 != "4" } == ["1", "5"])
        #expect(page.next == "m")
        #expect(page.dropped.count >= 5)
    }

    @Test func bytesThatAreNoTextDoNotHideThePage() throws {
        var bytes = Array(#"{"items":[{"file_id":"1","name":"a"},{"file_id":"2","name":"b#"}]}"#.utf8)
        bytes[bytes.firstIndex(of: UInt8(ascii: "#"))!] = 0xFF
        let page = try WireDecoding.decode(WirePage.self, from: bytes)
        #expect(page.items.map(\.name) == ["a", "b\u{FFFD}"])
    }

    @Test(arguments: [
        #"{"items":[],"next_marker":""}"#, #"{"items":[],"next_marker":null}"#, #"{"items":[]}"#, #"{"items":null}"#,
    ])
    func theEndOfAListing(json: String) throws {
        let page = try page(json)
        #expect(page.items.isEmpty && page.next == nil)
    }

    @Test(arguments: [#"{}"#, #"{"items":5}"#, #""text""#, #"{"files":[]}"#])
    func whatIsNoListing(json: String) {
        #expect(throws: (any Error).self) { try page(json) }
    }

    @Test func readsABareArray() throws {
        #expect(try page(#"[{"file_id":"1","name":"a"}]"#).items.map(\.id) == ["1"])
    }

    @Test func readsLinks() throws {
        let links = { (json: String) in try WireDecoding.decode(WireLinks.self, from: Array(json.utf8)) }
        #expect(try links(#"{"url":"https://a/","expiration":"2023-06-28T10:00:20Z"}"#).whole == "https://a/")
        let photo = try links(#"{"url":"","streamsUrl":{"jpeg":"https://j/","mov":"https://m/","x":null}}"#)
        #expect(photo.whole == nil && photo.streams == ["jpeg": "https://j/", "mov": "https://m/"])
        #expect(try links(#"{"url":null,"streams_url":{"heic":"https://h/"}}"#).streams == ["heic": "https://h/"])
        #expect(try links(#"{"url":"https://a/","streamsUrl":"","streams_url":null}"#).streams.isEmpty)
        #expect(try links(#"{"url":"https://a/","streamsUrl":null}"#).whole == "https://a/")
    }

    @Test func readsAccountAndSpace() throws {
        let account = try WireDecoding.decode(
            WireAccount.self,
            from: Array(#"{"user_id":"u","nick_name":"n","default_drive_id":"1","resource_drive_id":""}"#.utf8))
        #expect(account.name == "n" && account.defaultDrive == "1" && account.resourceDrive == nil)
        let space = try WireDecoding.decode(
            WireSpace.self, from: Array(#"{"personal_space_info":{"used_size":9e12,"total_size":8796093022208}}"#.utf8))
        #expect(space.used == 9_000_000_000_000 && space.total == 8_796_093_022_208)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0, 0), ("2000-02-29T23:59:59.5Z", 951_868_799, 500_000_000),
        ("2023-06-28T10:00:20.123456789123Z", 1_687_946_420, 123_456_789), ("2023-06-28T10:00:20", 1_687_946_420, 0),
        ("2023-06-28T04:30:20-0530", 1_687_946_420, 0), ("1969-12-31T23:59:59.25Z", -1, 250_000_000),
        ("2023-06-28 10:00:20Z", 1_687_946_420, 0),
    ])
    func times(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(WireTime(iso8601: text)?.unix == UnixTime(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-06-28T25:00:00Z", "2023-06-28",
        "2023-06-28T10:00:20.Z",
        "2023-06-28T10:00:20Zx", "２０２３-06-28T10:00:20Z", "0000-01-01T00:00:00Z",
    ])
    func noTimes(text: String) { #expect(WireTime(iso8601: text) == nil) }

    @Test func otherDates() {
        #expect(WireTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT")?.unix.seconds == 784_111_777)
        #expect(WireTime(httpDate: "06 Nov 1994 08:49:37") == nil)
        #expect(WireTime(basic: "20230628T100020Z")?.unix.seconds == 1_687_946_420)
        #expect(WireTime(basic: "2023-06-28T10:00:20Z") == nil)
    }
}
