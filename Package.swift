// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "aliyunfs",
    products: [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
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
        .target(
            name: "ReadPath",
            dependencies: [
                "Basics", "Drive",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: ["Basics", "Drive", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "DriveTests", dependencies: ["Drive"], swiftSettings: strict),
        .testTarget(name: "LivePhotoTests", dependencies: ["LivePhoto"], swiftSettings: strict),
        .testTarget(name: "ReadPathTests", dependencies: ["ReadPath", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "SQLiteStoreTests", dependencies: ["SQLiteStore"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
