import Basics
import Drive

/// One part's address, of create and getUploadUrl (contract 7.1 and 7.5).
struct WirePart: Decodable {
    var number: Int
    var url: String
    var internalURL: String?

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        guard let number = object.integer("part_number"), let url = object.word("upload_url") else {
            throw WireFault(what: "a part without number or address")
        }
        self.number = Int(clamping: number)
        self.url = url
        internalURL = object.word("internal_upload_url")
    }

    /// Those of a list that are of use; a list of null or none is empty.
    static func list(_ object: WireObject) throws -> [WirePart] {
        guard object.contains("part_info_list"), try !object.decodeNil(forKey: "part_info_list") else { return [] }
        let parts = try object.decode([Lossy<WirePart>].self, forKey: "part_info_list")
        return parts.compactMap { part in
            if case .success(let part) = part.result { part } else { nil }
        }
    }
}

/// create (contract 7.1).
struct WireCreation: Decodable {
    /// Absent only where the name is taken, and not always then.
    var id: String?
    var name: String?
    /// Nothing was made: the object is one that was there.
    var exists: Bool
    var isRapid: Bool
    var uploadID: String?
    var parts: [WirePart]

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        id = object.word("file_id")
        name = object.word("file_name", "name")
        exists = object.flag("exist") ?? false
        isRapid = object.flag("rapid_upload") ?? false
        uploadID = object.word("upload_id")
        parts = try WirePart.list(object)
        guard exists || id != nil else { throw WireFault(what: "no file_id") }
    }
}

/// getUploadUrl (contract 7.5).
struct WireUploadLinks: Decodable {
    var parts: [WirePart]

    init(from decoder: any Decoder) throws {
        parts = try WirePart.list(try decoder.container(keyedBy: WireKey.self))
    }
}

/// One page of listUploadedParts (contract 7.5).
struct WireUploadedParts: Decodable {
    var parts: [UploadedPart]
    var next: String?

    private struct Part: Decodable {
        var part: UploadedPart

        init(from decoder: any Decoder) throws {
            let object = try decoder.container(keyedBy: WireKey.self)
            guard let number = object.integer("part_number"), let size = object.integer("part_size"), number > 0,
                size >= 0
            else { throw WireFault(what: "a part without number or size") }
            part = UploadedPart(number: Int(clamping: number), size: size)
        }
    }

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        next = object.word("next_part_number_marker")
        let isAbsent = try !object.contains("uploaded_parts") || object.decodeNil(forKey: "uploaded_parts")
        // A part that cannot be read must not count as missing: it would be sent where another is wanted.
        parts = isAbsent ? [] : try object.decode([Part].self, forKey: "uploaded_parts").map(\.part)
    }
}

/// complete (contract 7.5): a file object whose size is what arrived, so it has to be there.
struct WireCompletion: Decodable {
    var file: WireFile

    init(from decoder: any Decoder) throws {
        file = try WireFile(from: decoder)
        let object = try decoder.container(keyedBy: WireKey.self)
        guard object.integer("size") != nil else { throw WireFault(what: "no size") }
    }
}

/// update (contract 8): the object as it is now, or `exist` where the name is taken.
struct WireRename: Decodable {
    var file: WireFile?

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        file = object.flag("exist") == true ? nil : try WireFile(from: decoder)
    }
}

/// move, copy, trash and delete (contract 8).
struct WireTreeChange: Decodable {
    var id: String?
    var exists: Bool
    /// `nil`: done.
    var task: String?

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        id = object.word("file_id")
        exists = object.flag("exist") ?? false
        task = object.word("async_task_id")
    }
}

/// async_task/get (contract 8).
struct WireTask: Decodable {
    var state: DriveTaskState

    init(from decoder: any Decoder) throws {
        let object = try decoder.container(keyedBy: WireKey.self)
        guard let word = object.word("state") else { throw WireFault(what: "no state") }
        state =
            switch word.lowercased() {
            case "succeed": .succeeded
            case "running": .running
            default: .failed
            }
    }
}
