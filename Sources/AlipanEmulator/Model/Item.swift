/// One entry of a drive: what the wire calls a file, folders included (contract 4).
struct Item: Sendable {
    enum Kind: UInt8, Sendable { case file, folder }
    enum Status: UInt8, Sendable { case available, uploading }

    var id: ItemID
    var parent: ItemID
    var name: Name
    var kind: Kind
    var status: Status = .available
    var starred = false
    var size: Int64 = 0
    var hash: ContentHash?
    var created: Milliseconds
    var updated: Milliseconds
    /// When anything about it last changed, for the search index's lag.
    var touched: Milliseconds
    var trashedAt: Milliseconds?
    var extras: Extras?

    /// What only some items have; apart, so that a million plain entries stay small.
    struct ExtraFields: Sendable {
        /// As the uploader wrote them: the service hands back what it was given.
        var localCreated: String?
        var localModified: String?
        var content: Content?
        var streams: [Stream] = []
        var punishFlag: Int?
        /// Set on items whose listing shows another size than their bytes have.
        var shownSize: Int64?

        var isPlain: Bool {
            localCreated == nil && localModified == nil && content == nil && streams.isEmpty && punishFlag == nil
                && shownSize == nil
        }
    }

    final class Extras: Sendable {
        let fields: ExtraFields
        init(_ fields: ExtraFields) { self.fields = fields }
    }

    /// One part of a live photo (contract 6.6).
    struct Stream: Sendable {
        var fileExtension: String
        var content: Content
    }

    var more: ExtraFields {
        get { extras?.fields ?? ExtraFields() }
        set { extras = newValue.isPlain ? nil : Extras(newValue) }
    }

    /// The bytes, for a file that has bytes of its own.
    var content: Content? {
        guard kind == .file, status == .available else { return nil }
        if let content = extras?.fields.content { return content }
        return size == 0 && !isLivePhoto ? .empty : nil
    }

    mutating func setContent(_ content: Content) {
        size = content.size
        hash = content.hash
        // Nothing need be kept for an empty file.
        more.content = content.size == 0 ? nil : content
    }

    var isLivePhoto: Bool { !(extras?.fields.streams.isEmpty ?? true) }
    var isFolder: Bool { kind == .folder }
}
