// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let collections: [Target.Dependency] = ["DequeModule", "HeapModule"].map {
    .product(name: $0, package: "swift-collections")
}
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") }

let package = Package(
    name: "aliyunfs",
    products: [
        .executable(name: "aliyunfs", targets: ["aliyunfs"]),
        .executable(name: "alipan-emulator", targets: ["alipan-emulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
    ],
    targets: [
        // The vocabulary: no module here touches the kernel, the network or a disk.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "VFS", dependencies: ["Basics"], swiftSettings: strict),
        .target(name: "Drive", dependencies: ["Basics"], swiftSettings: strict),

        // What survives a restart: the protocol, and SQLite behind it.
        .target(name: "MetadataStore", dependencies: ["Basics", "Drive"], swiftSettings: strict),
        .target(
            name: "SQLiteStore",
            dependencies: ["MetadataStore", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: strict),

        // Live photos: which files they show as, and their ZIP. Pure.
        .target(name: "LivePhoto", dependencies: ["Basics", "Drive"], swiftSettings: strict),

        // From (object, size, hash) to bytes: links, fetches, read-ahead, memory, healing.
        .target(name: "ReadPath", dependencies: ["Basics", "Drive", crypto, log], swiftSettings: strict),

        // The product itself: inodes, names, listings and reads over the drive. Builds without kernel and network.
        .target(
            name: "RemoteFS", dependencies: ["VFS", "Drive", "MetadataStore", "LivePhoto", "ReadPath", "WritePath", log],
            swiftSettings: strict),

        // What the C library has and the Glibc module leaves out: a module map, no code.
        .systemLibrary(name: "CLibc"),
        // Unsent bytes and how they get to the drive.
        .target(
            name: "WritePath",
            dependencies: ["Basics", "CLibc", "Drive", "MetadataStore", "ReadPath", crypto, log] + collections,
            swiftSettings: strict),

        // The kernel: libfuse as the system has it, what Swift cannot say to it, and the bridge. Knows no drive.
        .systemLibrary(name: "CLibfuse", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .target(name: "CFuse", dependencies: ["CLibfuse"], cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(name: "FuseKernel", dependencies: ["Basics", "VFS", "CFuse", log], swiftSettings: strict),

        // The drive over HTTP: the only module of the filesystem that sees the network.
        .target(
            name: "DriveHTTP",
            dependencies: [
                "Basics", "Drive", .product(name: "AsyncHTTPClient", package: "async-http-client"), crypto, log, tls,
            ] + nio,
            swiftSettings: strict),

        // Options and configuration as values; the only module that sees TOML.
        .target(name: "Settings", dependencies: ["Basics", "TOMLKit", system], swiftSettings: strict),
        // What a running mount tells of itself, and how that reads on a terminal.
        .target(name: "Status", dependencies: ["Basics"], swiftSettings: strict),
        // Life as a process: background start, locks, signals, mount table, logs. Knows no drive and no kernel bridge.
        .target(name: "ProcessLife", dependencies: ["Basics", "CLibc", "Settings", log, system], swiftSettings: strict),

        // The composition root of a mount, and the program around it.
        .target(
            name: "Mounting",
            dependencies: ["RemoteFS", "SQLiteStore", "FuseKernel", "DriveHTTP", "Settings", "Status", "ProcessLife", log],
            swiftSettings: strict),
        .executableTarget(
            name: "aliyunfs",
            dependencies: ["Basics", "Settings", "Status", "ProcessLife", "Mounting", arguments, log, system],
            swiftSettings: strict),

        // The drive's stand-in. It reads the contract for itself, so it uses none of the modules above.
        .target(name: "AlipanEmulator", dependencies: [crypto, tls] + nio, swiftSettings: strict),
        .executableTarget(name: "alipan-emulator", dependencies: ["AlipanEmulator", arguments], swiftSettings: strict),

        // Clocks moved by hand, a drive and a store in memory, certificates, child processes.
        .target(
            name: "TestSupport", dependencies: ["Basics", "Drive", "MetadataStore", "ProcessLife", crypto, system],
            swiftSettings: strict),

        .testTarget(
            name: "AlipanEmulatorTests", dependencies: ["AlipanEmulator", "alipan-emulator", "TestSupport", crypto],
            swiftSettings: strict),
        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
        // Runs the built program as a child process.
        .testTarget(
            name: "CommandTests", dependencies: ["aliyunfs", "Settings", "Status", "TestSupport"],
            swiftSettings: strict),
        // The client against the emulator, which shares no code with it.
        .testTarget(
            name: "DriveContractTests", dependencies: ["DriveHTTP", "AlipanEmulator", "TestSupport", crypto, log],
            swiftSettings: strict),
        .testTarget(
            name: "DriveHTTPTests", dependencies: ["DriveHTTP", "TestSupport", log, tls] + nio, swiftSettings: strict),
        .testTarget(name: "DriveTests", dependencies: ["Drive"], swiftSettings: strict),
        .testTarget(name: "FuseKernelTests", dependencies: ["FuseKernel", "TestSupport", log], swiftSettings: strict),
        .testTarget(name: "LivePhotoTests", dependencies: ["LivePhoto", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "MountingTests", dependencies: ["Mounting", "SQLiteStore", "WritePath"], swiftSettings: strict),
        // Real mounts of the real program, against the emulator.
        .testTarget(
            name: "MountTests", dependencies: ["aliyunfs", "AlipanEmulator", "TestSupport"], swiftSettings: strict),
        // Lives as a mount does, without one: for the tests of background start, locks and signals.
        .executableTarget(
            name: "ProcessLifeProbe", dependencies: ["ProcessLife", "Settings"], path: "Tests/ProcessLifeProbe",
            swiftSettings: strict),
        .testTarget(
            name: "ProcessLifeTests", dependencies: ["ProcessLife", "ProcessLifeProbe", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "ReadPathTests", dependencies: ["ReadPath", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "RemoteFSTests", dependencies: ["RemoteFS", "WritePath", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        .testTarget(name: "SQLiteStoreTests", dependencies: ["SQLiteStore"], swiftSettings: strict),
        .testTarget(name: "TestSupportTests", dependencies: ["Basics", "Drive", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "TidyTests", swiftSettings: strict),
        .testTarget(name: "WritePathTests", dependencies: ["WritePath", "TestSupport"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
