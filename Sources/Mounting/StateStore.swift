import Basics
import Drive
import MetadataStore
import ProcessLife
import SQLiteStore
import SystemPackage
import WritePath

/// The database of a state directory, opened by a command and not by a mount. A mount may run on it meanwhile.
struct StateStore: Sendable {
    let stateDir: FilePath
    let store: SQLiteStore

    /// - Parameter fresh: numbers from 0 up to 1, should the database have to be made; `nil` refuses to make one.
    init(_ stateDir: FilePath, fresh: (@Sendable () -> Double)? = nil) throws(MountFailure) {
        let file = stateDir.appending("metadata.sqlite")
        if fresh == nil {
            do throws(Errno) { _ = try file.stat() } catch {
                throw MountFailure(
                    .cannotCreate, "\(stateDir): holds no state of a mount (\(error.words)); name another with "
                        + "--state-dir or --profile")
            }
        }
        let generation = fresh.map { UInt64($0() * Double(UInt64(1) << 62)) } ?? 1
        do throws(StoreError) {
            store = try SQLiteStore(path: file.string, freshGeneration: generation)
        } catch {
            throw MountFailure(.cannotCreate, error.description)
        }
        self.stateDir = stateDir
    }

    /// Runs `body` and closes the database after it.
    func closing<T>(_ body: (StateStore) async throws(MountFailure) -> T) async throws(MountFailure) -> T {
        let result: Result<T, MountFailure>
        do throws(MountFailure) { result = .success(try await body(self)) } catch { result = .failure(error) }
        do throws(StoreError) { try store.close() } catch { throw MountFailure(.cannotCreate, error.description) }
        return try result.get()
    }

    /// The names from the topmost folder that a listing shows down to `place`, fit for a path.
    func names(of place: DrivePlace) async throws(MountFailure) -> [String] {
        var names = [Self.fit(place.name)]
        var folder = place.folder
        while folder.file != .root, names.count < 1_000, let above = try await self.place(of: folder) {
            names.append(Self.fit(above.name))
            folder = above.folder
        }
        return names.reversed()
    }

    func place(of object: ObjectID) async throws(MountFailure) -> DrivePlace? {
        try await reading { () async throws(StoreError) in try await store.place(of: object) }
    }

    func reading<T>(_ body: () async throws(StoreError) -> T) async throws(MountFailure) -> T {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw MountFailure(.cannotCreate, error.description)
        }
    }

    /// As the mount shows it, but for duplicates.
    private static func fit(_ name: FileName) -> String {
        switch name.text {
        case "": "␀"
        case ".": "．"
        case "..": "．．"
        default: name.text.replacing("/", with: "／").replacing("\0", with: "␀")
        }
    }
}
