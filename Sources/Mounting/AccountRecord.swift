import Drive
import Foundation
import Logging
import MetadataStore

/// The account as it is kept for mounting offline.
struct AccountRecord: Codable {
    var userID: String
    var name: String
    var defaultDrive: String
    var resourceDrive: String?
    var backupDrive: String?

    init(_ account: AccountInfo) {
        userID = account.userID
        name = account.name
        defaultDrive = account.defaultDrive.rawValue
        resourceDrive = account.resourceDrive?.rawValue
        backupDrive = account.backupDrive?.rawValue
    }

    var account: AccountInfo {
        AccountInfo(
            userID: userID, name: name, defaultDrive: DriveID(defaultDrive),
            resourceDrive: resourceDrive.map { DriveID($0) }, backupDrive: backupDrive.map { DriveID($0) })
    }
}

extension AccountRecord {
    /// A failure costs only that the next mount cannot start offline.
    func save(in store: any MetadataStore, _ log: Logger) async {
        do {
            try await store.setFact(.account, to: Array(JSONEncoder().encode(self)))
        } catch {
            log.error("the account cannot be kept: \(error)")
        }
    }

    static func load(from store: any MetadataStore, _ log: Logger) async -> AccountRecord? {
        do {
            guard let bytes = try await store.fact(.account) else { return nil }
            return try JSONDecoder().decode(AccountRecord.self, from: Data(bytes))
        } catch {
            log.error("the account that was kept cannot be read: \(error)")
            return nil
        }
    }
}
