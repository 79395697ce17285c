// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "aliyunfs",
    products: [
        .executable(name: "alipan-emulator", targets: ["alipan-emulator"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    ],
    targets: [
        // The vocabulary: no module here touches the kernel, the network or a disk.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "VFS", dependencies: ["Basics"], swiftSettings: strict),
        .target(name: "Drive", dependencies: ["Basics"], swiftSettings: strict),

        // The drive's stand-in. It reads the contract for itself, so it uses none of the modules above.
        .target(
            name: "AlipanEmulator",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "alipan-emulator",
            dependencies: [
                "AlipanEmulator",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Basics", "Drive"], swiftSettings: strict),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "AlipanEmulatorTests",
            dependencies: [
                "AlipanEmulator",
                // Started as a process by its tests.
                "alipan-emulator",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
