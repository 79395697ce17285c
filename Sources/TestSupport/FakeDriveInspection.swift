import Basics
import Drive

// What a test looks at when everything is over. Nothing here counts as a call.
extension FakeDrive {
    /// What stands at one path.
    public struct Entry: Hashable, Sendable {
        public var kind: ObjectKind
        /// In bytes; 0 for folders.
        public var size: Int64
        /// Of the bytes that are really there, whatever the drive states; `nil` for folders and live photos.
        public var hash: ContentHash?

        public static var folder: Entry { Entry(kind: .folder, size: 0, hash: nil) }

        public static func file(_ content: FakeContent) -> Entry {
            Entry(kind: .file, size: content.size, hash: content.sha1)
        }
    }

    /// All below `folder` by its path (`a/b`): several entries where several have the same. Without the recycle bin
    /// and without the placeholders of unfinished uploads.
    public func tree(under folder: FileID = .root) -> [String: [Entry]] {
        var entries: [String: [Entry]] = [:]
        var left = [(folder, "")]
        while let (parent, prefix) = left.popLast() {
            let children = state.withLock { $0.children(of: parent) }
            for child in children where !child.file.isTrashed && !child.isPlaceholder {
                let path = prefix + child.file.name.text
                let entry = Entry(kind: child.file.kind, size: child.file.size, hash: child.content?.sha1)
                entries[path, default: []].append(entry)
                if entry.kind == .folder { left.append((child.file.id.file, path + "/")) }
            }
        }
        return entries.mapValues { twins in
            twins.sorted { ($0.size, $0.hash?.hex ?? "") < ($1.size, $1.hash?.hex ?? "") }
        }
    }

    /// The bytes of a file, wherever it is; `nil` for folders, live photos, placeholders and what is gone.
    public func content(of file: FileID) -> FakeContent? { state.withLock { $0.nodes[file]?.content } }

    /// The ids that have this name in `folder`, in the order in which they were made; placeholders left out.
    public func ids(named name: FileName, in folder: FileID = .root) -> [FileID] {
        state.withLock { state in
            state.children(of: folder)
                .filter { $0.file.name == name && !$0.file.isTrashed && !$0.isPlaceholder }
                .map(\.file.id.file).sorted { $0.rawValue < $1.rawValue }
        }
    }

    /// The uploads that are not complete, by their placeholders.
    public var unfinishedUploads: [UploadSession] {
        state.withLock { state in
            state.uploads.map { UploadSession(object: $0.value.object, uploadID: $0.key) }
                .sorted { $0.object.file.rawValue < $1.object.file.rawValue }
        }
    }
}
