import Basics
import Drive
import ProcessLife
import RemoteFS
import Settings
import Testing

@testable import Mounting

@Suite struct DriveSelectionTests {
    static func account(_ fallback: String, resource: String? = nil, backup: String? = nil) -> AccountInfo {
        AccountInfo(
            userID: "u", name: "n", defaultDrive: DriveID(fallback), resourceDrive: resource.map { DriveID($0) },
            backupDrive: backup.map { DriveID($0) })
    }

    @Test func theNamedDriveIsTaken() throws {
        let account = Self.account("1", resource: "2", backup: "3")
        #expect(try DriveSelection.choice(.standard, of: account) == .one(DriveID("1")))
        #expect(try DriveSelection.choice(.resource, of: account) == .one(DriveID("2")))
        #expect(try DriveSelection.choice(.backup, of: account) == .one(DriveID("3")))
    }

    @Test func theDefaultStandsInForResourceUnlessItIsTheBackup() throws {
        #expect(try DriveSelection.choice(.resource, of: Self.account("1")) == .one(DriveID("1")))
        #expect(try DriveSelection.choice(.resource, of: Self.account("1", backup: "3")) == .one(DriveID("1")))
        #expect(throws: MountFailure.self) {
            try DriveSelection.choice(.resource, of: Self.account("1", backup: "1"))
        }
        #expect(throws: MountFailure.self) { try DriveSelection.choice(.backup, of: Self.account("1")) }
    }

    @Test func allShowsEachDriveOnce() throws {
        let all = try DriveSelection.choice(.all, of: Self.account("3", resource: "2", backup: "3"))
        let expected = [
            NamedDrive(name: "backup", drive: DriveID("3")), NamedDrive(name: "resource", drive: DriveID("2")),
        ]
        #expect(all == .all(expected))
        let single = try DriveSelection.choice(.all, of: Self.account("1"))
        #expect(single == .all([NamedDrive(name: "default", drive: DriveID("1"))]))
    }
}
