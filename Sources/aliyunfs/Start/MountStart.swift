import Foundation
import ProcessLife
import Settings
import SystemPackage

/// Decides what this process is for a mount: the one that starts it in the background, or the one that serves it.
enum MountStart {
    static func run(_ request: MountRequest, inForeground: Bool) async throws {
        var surroundings = Surroundings.current()
        let reporter = ReadinessReporter(&surroundings)
        let serving = MountLife(
            service: Composition.mountService(), time: Composition.time, surroundings: surroundings, reporter: reporter,
            inForeground: inForeground)
        // The token is read from the surroundings; no child of a serving process shall find it.
        if inForeground || reporter != nil { unsetenv(EnvironmentName.refreshToken) }
        do {
            let settings = try MountSettings.resolve(request, in: surroundings)
            if inForeground || reporter != nil {
                try await serving.run(settings)
            } else {
                try await startInBackground(settings, surroundings)
            }
        } catch let error as SettingsError {
            reporter?.failed(MountFailure(.usage, error.message))
            throw error
        }
    }

    private static func startInBackground(
        _ settings: MountSettings, _ surroundings: Surroundings
    ) async throws(MountFailure) {
        let stop = StopSignal()
        SignalWatch.start(stop)
        // The mount itself gives up within its timeout; the rest is for starting and for ending in order.
        let start = BackgroundStart(time: Composition.time, limit: settings.timeout + .seconds(30))
        try await start.run(
            OwnProgram.path, CommandLine.arguments, environment: surroundings.environment, stop: stop)
    }
}

/// The file this process was started from.
enum OwnProgram {
    /// By its name, so that the process list shows it; by the kernel's link where the file was replaced meanwhile.
    static var path: FilePath {
        let link = "/proc/self/exe"
        do {
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: link)
            return FilePath(target.hasSuffix(" (deleted)") ? link : target)
        } catch {
            return FilePath(link)
        }
    }
}
