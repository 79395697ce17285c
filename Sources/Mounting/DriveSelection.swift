import Basics
import Drive
import ProcessLife
import RemoteFS
import Settings

/// Which drive a choice means for this account (contract 3). Pure.
enum DriveSelection {
    /// What is mounted, before a folder inside it is chosen.
    enum Choice: Hashable {
        case one(DriveID)
        case all([NamedDrive])
    }

    static func choice(
        _ wanted: MountSettings.DriveChoice, of account: AccountInfo
    ) throws(MountFailure) -> Choice {
        switch wanted {
        case .standard: return .one(account.defaultDrive)
        case .backup:
            guard let backup = account.backupDrive else { throw notGranted("backup") }
            return .one(backup)
        case .resource:
            if let resource = account.resourceDrive { return .one(resource) }
            // The default drive of some accounts is the resource drive; never the backup drive under that name.
            guard account.defaultDrive != account.backupDrive else { throw notGranted("resource") }
            return .one(account.defaultDrive)
        case .all:
            let named: [(FileName, DriveID?)] = [
                ("backup", account.backupDrive), ("default", account.defaultDrive), ("resource", account.resourceDrive),
            ]
            var drives: [NamedDrive] = []
            for (name, drive) in named {
                guard let drive else { continue }
                // The default drive is one of the others: it is shown once, by the name that says what it is.
                if name == "default", drive == account.backupDrive || drive == account.resourceDrive { continue }
                drives.append(NamedDrive(name: name, drive: drive))
            }
            return .all(drives)
        }
    }

    private static func notGranted(_ name: String) -> MountFailure {
        MountFailure(
            .unavailable,
            "the login was not granted the \(name) drive: log in again and tick it, or use another --drive")
    }
}
