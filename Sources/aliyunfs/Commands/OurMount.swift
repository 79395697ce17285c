import Glibc
import ProcessLife
import Settings
import Status
import SystemPackage

/// Finds the mount a user means.
enum OurMount {
    /// The mount of ours that a path is or lies in.
    static func named(_ text: String) async throws(MountFailure) -> MountTable.Entry {
        guard let path = Surroundings.current().path(text, relative: true) else {
            throw MountFailure(.usage, "\(Given.shown(text)): is not a path")
        }
        let table = try table()
        if let mount = table.mount(at: path), mount.type == MountTable.ourType { return mount }
        // To resolve a path may ask a mount that is dead or does not answer: then as it is written it will do.
        let resolved = await Blocking.run(within: .seconds(5), on: Composition.time) { path.placeResolved() }
        let mount = table.mount(containing: (resolved ?? nil) ?? path)
        guard let mount, mount.type == MountTable.ourType else {
            throw MountFailure(.cannotCreate, "\(path): is not in a mount of aliyunfs; 'aliyunfs status' lists those")
        }
        return mount
    }

    static func table() throws(MountFailure) -> MountTable {
        do throws(Errno) { return try .current() } catch {
            throw MountFailure(.cannotCreate, "/proc/self/mountinfo: \(error.words); is /proc mounted?")
        }
    }

    /// Asks for its report.
    static func ask(_ mount: MountTable.Entry, within limit: Duration) async -> MountProbe.Answer {
        await MountProbe(time: Composition.time, limit: limit).ask(
            mount.mountPoint, for: StatusReport.attribute, longest: StatusReport.longestJSON)
    }
}
