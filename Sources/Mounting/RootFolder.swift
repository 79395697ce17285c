import Basics
import Drive
import ProcessLife
import RemoteFS
import Settings

/// Finds the folder that is to be the root of the mount.
struct RootFolder {
    let drive: any Drive

    func root(_ settings: MountSettings, of account: AccountInfo) async throws(MountFailure) -> MountRoot {
        switch try DriveSelection.choice(settings.drive, of: account) {
        case .all(let drives): return .drives(drives)
        case .one(let id):
            guard let path = settings.rootPath else {
                return .folder(ObjectID(drive: id, file: FileID(settings.rootFolderID)))
            }
            return .folder(try await folder(at: path, in: id))
        }
    }

    /// Walks by listing, as the drive's own search by path fails for names with spaces and picks one of several of a
    /// name at random (contract 5.3).
    private func folder(at path: String, in drive: DriveID) async throws(MountFailure) -> ObjectID {
        var folder = ObjectID(drive: drive, file: .root)
        for part in path.split(separator: "/") {
            guard let next = try await child(FileName(String(part)), of: folder) else {
                throw MountFailure(.usage, "--root-path \(path): the drive has no folder “\(part)” there")
            }
            folder = next.id
        }
        return folder
    }

    private func child(_ name: FileName, of folder: ObjectID) async throws(MountFailure) -> DriveFile? {
        var found: DriveFile?
        var marker: String?
        repeat {
            do {
                let page = try await drive.list(folder, marker: marker, .foreground)
                for file in page.files where file.name == name && file.kind == .folder && !file.isTrashed {
                    if let best = found, (best.updatedAt ?? .epoch) >= (file.updatedAt ?? .epoch) { continue }
                    found = file
                }
                marker = page.next
            } catch {
                throw MountFailure(error, doing: "looking for --root-path")
            }
        } while marker != nil
        return found
    }
}
