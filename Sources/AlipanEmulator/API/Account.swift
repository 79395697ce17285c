extension State {
    mutating func driveInfo(_ call: Call) -> JSON {
        let configuration = call.setup.configuration
        var out = Shaper(absent: switches.absent, fraction: switches.timeFraction)
        out.set("user_id", .string(configuration.userID))
        out.set("name", .string(configuration.userName))
        out.set("avatar", "")
        out.set("default_drive_id", .string(configuration.defaultDrive))
        // The optional ids are absent, not null, for a drive that was not granted.
        if switches.showResourceDrive { out.set("resource_drive_id", .string(configuration.resourceDrive)) }
        if switches.showBackupDrive { out.set("backup_drive_id", .string(configuration.backupDrive)) }
        return out.json
    }

    /// Bytes that count against the quota, over all drives (contract 3).
    var usedBytes: Int64 {
        guard !switches.trashCountsAsUsed else { return tree.usedBytes }
        return tree.usedBytes - tree.trash.reduce(0) { $0 + size(below: $1) }
    }

    private func size(below id: ItemID) -> Int64 {
        guard let item = tree[id] else { return 0 }
        return tree.children(of: id).reduce(item.size) { $0 + size(below: $1) }
    }

    func spaceInfo() -> JSON {
        ["personal_space_info": ["used_size": .int(usedBytes), "total_size": .int(switches.totalBytes)]]
    }

    func vipInfo() -> JSON { ["identity": "member", "level": "", "expire": 0, "third_party_vip": false] }

    func userInfo(_ call: Call) -> JSON {
        let configuration = call.setup.configuration
        return ["id": .string(configuration.userID), "name": .string(configuration.userName), "avatar": ""]
    }

    func userScopes(_ call: Call) -> JSON {
        let scopes = (call.grant?.scopes ?? []).map { JSON.object([JSON.Field("scope", .string($0))]) }
        return ["id": .string(call.setup.configuration.userID), "scopes": .array(scopes)]
    }
}

extension State {
    /// A picture a browser can show; a real one would be a QR code with this text.
    func qrImage(_ call: Call) throws(APIError) -> Answer {
        let sid = call.path.split(separator: "/").dropFirst(2).first.map(String.init) ?? ""
        guard logins.knows(sid) else { throw APIError(400, "QRCodeExpired", "sid is unknown") }
        let picture = """
            <svg xmlns="http://www.w3.org/2000/svg" width="400" height="60"><text x="8" y="36">\(sid)</text></svg>
            """
        return Answer(status: 200, body: .text(picture, type: "image/svg+xml"))
    }
}
