import Foundation
import SystemPackage

extension Surroundings {
    /// Those of this process.
    public static func current() -> Surroundings {
        let environment = ProcessInfo.processInfo.environment
        // mount(8) at boot leaves the variable out; the user database knows.
        let named = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let home = FilePath(named ?? NSHomeDirectory())
        return Surroundings(
            environment: environment,
            workingDirectory: FilePath(FileManager.default.currentDirectoryPath),
            home: home.isAbsolute && home != "/" ? home : nil, isRoot: geteuid() == 0)
    }
}
