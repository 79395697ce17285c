/// Uploads that have been begun and neither completed nor dropped.
struct UploadBook: Sendable {
    struct Part: Sendable, Codable, Equatable {
        var number: Int
        var size: Int64
        var etag: String
    }

    struct Session: Sendable {
        var id: String
        var drive: String
        var file: ItemID
        var declaredSize: Int64?
        var declaredHash: ContentHash?
        var begun: Milliseconds
        var parts: [Part] = []
        var data: UploadFile

        /// Parts come one after the other (contract 7.5).
        var expectedPart: Int { parts.count + 1 }
        var storedSize: Int64 { parts.reduce(0) { $0 + $1.size } }
    }

    static let life: Milliseconds = 10 * 86_400_000

    private(set) var sessions: [String: Session] = [:]
    /// Ids that some services hand out for rapid uploads too; completing them does nothing.
    var rapid: [String: ItemID] = [:]
    var changed: Set<String> = []

    mutating func begin(_ session: Session) {
        sessions[session.id] = session
        changed.insert(session.id)
    }

    func find(_ id: String, now: Milliseconds) -> Session? {
        guard let session = sessions[id], session.begun + Self.life > now else { return nil }
        return session
    }

    mutating func store(_ part: Part, in id: String) {
        sessions[id]?.parts.append(part)
        changed.insert(id)
    }

    mutating func end(_ id: String) {
        sessions[id] = nil
        changed.insert(id)
    }

    /// Drops the upload behind a placeholder that is deleted.
    mutating func dropSession(of file: ItemID) {
        for session in sessions.values where session.file == file {
            session.data.discard()
            end(session.id)
        }
    }
}
