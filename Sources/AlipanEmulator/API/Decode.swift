import FoundationEssentials

extension Call {
    /// The body as the fields an endpoint knows; unknown fields are ignored, an empty body is `{}`.
    func decode<Fields: Decodable>(_ type: Fields.Type) throws(APIError) -> Fields {
        let bytes = body.isEmpty ? Array("{}".utf8) : body
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch DecodingError.typeMismatch(_, let context) {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw APIError(400, "InvalidParameterWrongFormat", "The input parameter \(field) has the wrong format.")
        } catch {
            throw .badJSON
        }
    }
}

/// A field that must be there and not be empty.
func required(_ value: String?, _ name: String) throws(APIError) -> String {
    guard let value, !value.isEmpty else { throw .missing(name) }
    return value
}

func required<Value>(_ value: Value?, _ name: String) throws(APIError) -> Value {
    guard let value else { throw .missing(name) }
    return value
}

/// The two fields nearly every call has.
struct ItemFields: Decodable {
    var driveId: String?
    var fileId: String?
    var fields: String?
}

extension State {
    /// The drive, if it is one of this account that the user has granted.
    func drive(_ given: String?, _ call: Call) throws(APIError) -> String {
        let drive = try required(given, "drive_id")
        let configuration = call.setup.configuration
        guard tree.roots[drive] != nil else { throw .badDrive }
        if drive == configuration.resourceDrive && !switches.showResourceDrive
            || drive == configuration.backupDrive && !switches.showBackupDrive
        {
            throw APIError(403, "UserNotAllowedAccessDrive", "user not allowed access drive")
        }
        return drive
    }

    /// The id in its drive, whatever state it is in; `absent` is what a stranger gets.
    func find(_ text: String, in drive: String, absent: APIError) throws(APIError) -> Item {
        let id: ItemID? = text == "root" ? tree.roots[drive] : ItemID(text)
        guard let id, let item = tree[id], tree.drive(of: id) == drive else { throw absent }
        return item
    }

    /// A folder that can be listed or filled.
    func folder(_ text: String?, in drive: String) throws(APIError) -> Item {
        let item = try find(try required(text, "parent_file_id"), in: drive, absent: .noParent)
        guard item.isFolder else {
            throw APIError(400, "InvalidParameter", "The input parameter parent_file_id is not folder.")
        }
        guard !tree.isInTrash(item.id) else { throw inTheBin }
        return item
    }

    /// An item that is there, not trashed, and not a placeholder unless `placeholders` are wanted.
    func item(_ text: String?, in drive: String, placeholders: Bool = false) throws(APIError) -> Item {
        let item = try find(try required(text, "file_id"), in: drive, absent: .noFile)
        guard !tree.isInTrash(item.id) else { throw inTheBin }
        guard placeholders || item.status == .available else { throw .noFile }
        return item
    }

    var inTheBin: APIError {
        APIError(switches.trashedStatus, "ForbiddenFileInTheRecycleBin", "file in the recycle bin")
    }

    func idText(_ id: ItemID) -> String { tree.isRoot(id) ? "root" : id.text }
}
