import Foundation
import SystemPackage

extension Surroundings {
    /// Those of this process.
    public static func current() -> Surroundings {
        let home = FilePath(NSHomeDirectory())
        return Surroundings(
            environment: ProcessInfo.processInfo.environment,
            workingDirectory: FilePath(FileManager.default.currentDirectoryPath),
            home: home.isAbsolute && home != "/" ? home : nil, isRoot: geteuid() == 0)
    }
}
