// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "aliyunfs",
    products: [
        .executable(name: "aliyunfs", targets: ["aliyunfs"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
    ],
    targets: [
        // The vocabulary: no module here touches the kernel, the network or a disk.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "VFS", dependencies: ["Basics"], swiftSettings: strict),
        .target(name: "Drive", dependencies: ["Basics"], swiftSettings: strict),

        // Options and configuration as values; the only module that sees TOML.
        .target(
            name: "Settings",
            dependencies: ["Basics", "TOMLKit", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        // What a running mount tells of itself, and how that reads on a terminal.
        .target(name: "Status", dependencies: ["Basics"], swiftSettings: strict),
        // The C library's extended attributes: a module map, no code.
        .systemLibrary(name: "CXattr"),
        // Life as a process: background start, locks, signals, the mount table, logs. Knows no drive and no kernel bridge.
        .target(
            name: "ProcessLife",
            dependencies: [
                "Basics", "CXattr", "Settings",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "aliyunfs",
            dependencies: [
                "Basics", "Settings", "Status", "ProcessLife",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Basics", "Drive"], swiftSettings: strict),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "SettingsTests", dependencies: ["Settings"], swiftSettings: strict),
        // Lives as a mount does, without one: for the tests of background start, locks and signals.
        .executableTarget(
            name: "ProcessLifeProbe", dependencies: ["ProcessLife", "Settings"], path: "Tests/ProcessLifeProbe",
            swiftSettings: strict),
        .testTarget(
            name: "ProcessLifeTests", dependencies: ["ProcessLife", "ProcessLifeProbe", "TestSupport"],
            swiftSettings: strict),
        // Runs the built program as a child process.
        .testTarget(name: "CommandTests", dependencies: ["aliyunfs", "Settings", "Status"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
