import Basics
import Drive

/// One file object of contract 4, read as leniently as the contract asks.
struct WireFile: Decodable {
    var drive: String?
    var id: String
    var parent: String?
    var name: String
    var kind: ObjectKind
    /// At most what a file may have; the drive may say anything.
    var size: Int64
    var isSizeCut = false
    var hash: ContentHash?
    var created: WireTime?
    var updated: WireTime?
    var localModified: WireTime?
    var streams: [StreamInfo]
    var punishFlag: Int
    var isTrashed: Bool
    var isAvailable: Bool

    /// The drive's own bound is 1024 bytes; anything far beyond is nonsense that must not be kept.
    static let longestName = 4_096
    private static let longestID = 512
    /// Live photos have two streams.
    private static let mostStreams = 16

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        guard let id = object.word("file_id") else { throw WireFault(what: "no file_id") }
        guard let name = object.word("name", "file_name") else { throw WireFault(what: "no name") }
        guard id.utf8.count <= Self.longestID else { throw WireFault(what: "file_id too long") }
        guard name.utf8.count <= Self.longestName else { throw WireFault(what: "name too long") }
        self.id = id
        self.name = name
        drive = object.word("drive_id")
        parent = object.word("parent_file_id")
        kind = object.text("type") == "folder" ? .folder : .file
        let size = kind == .folder ? 0 : max(0, object.integer("size") ?? 0)
        self.size = min(size, FileSize.max)
        isSizeCut = size > FileSize.max
        let algorithm = object.word("content_hash_name")?.lowercased() ?? "sha1"
        hash = algorithm == "sha1" && kind == .file ? object.word("content_hash").flatMap(ContentHash.init(hex:)) : nil
        created = object.time("created_at")
        updated = object.time("updated_at")
        localModified = object.time("local_modified_at")
        streams = kind == .file ? Self.streams(object.object("streams_info")) : []
        punishFlag = Int(clamping: object.integer("punish_flag") ?? 0)
        isTrashed = object.flag("trashed") ?? false
        isAvailable = (object.word("status") ?? "available") == "available"
    }

    /// `{"jpeg": {"size": …}, "mov": {"size": …}}`; parts without a size are of no use and left out.
    private static func streams(_ object: WireObject?) -> [StreamInfo] {
        guard let object, object.allKeys.count <= mostStreams else { return [] }
        return object.allKeys.compactMap { key in
            guard let size = object.object(key)?.integer("size"), (0...FileSize.max).contains(size),
                !key.stringValue.isEmpty
            else { return nil }
            return StreamInfo(name: key.stringValue, size: size)
        }.sorted { $0.name < $1.name }
    }

    /// The value the filesystem works with. Drive and folder are those that were asked: answers may leave them out.
    func file(in asked: DriveID, folder: FileID = .root) -> DriveFile {
        DriveFile(
            id: ObjectID(drive: drive.map(DriveID.init) ?? asked, file: FileID(id)),
            parent: parent.map(FileID.init) ?? folder, name: FileName(name), kind: kind, size: size,
            contentHash: hash, createdAt: created?.unix, updatedAt: updated?.unix, localModifiedAt: localModified?.unix,
            streams: streams, punishFlag: punishFlag, isTrashed: isTrashed, isAvailable: isAvailable)
    }
}
