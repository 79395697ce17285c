import Glibc
import ProcessLife
import Settings

/// A process that lives as a mount does, without one: started in the background it locks its state directory, says
/// that it is ready, and ends in order when a signal asks it to.
@main
enum Main {
    static func main() {
        SignalWatch.block()
        Task.detached { await live() }
        while true { pause() }
    }

    private static func live() async -> Never {
        var surroundings = Surroundings.current()
        let reporter = ReadinessReporter(&surroundings)
        let words = CommandLine.arguments
        guard let path = words.count > 1 ? surroundings.path(words[1], relative: true) : nil else { exit(64) }
        let state: StateDirectory
        do throws(StateDirectory.Failure) { state = try StateDirectory(path, mountPoint: "/probe") } catch {
            reporter?.failed(MountFailure(.cannotCreate, error.message))
            exit(73)
        }
        let stop = StopSignal()
        SignalWatch.start(stop)
        reporter?.ready()
        do throws(CancellationError) {
            try await stop.reached(.stopping)
            if words.contains("--stubborn") { try await stop.reached(.hurrying) }
        } catch { exit(70) }
        withExtendedLifetime(state) {}
        exit(stop.stage == .hurrying ? 3 : 0)
    }
}
