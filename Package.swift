// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is built in Swift 6 mode with warnings as errors.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "aliyunfs",
    products: [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        // The vocabulary: no module here touches the kernel, the network or a disk.
        .target(name: "Basics", swiftSettings: strict),
        .target(name: "VFS", dependencies: ["Basics"], swiftSettings: strict),
        .target(name: "Drive", dependencies: ["Basics"], swiftSettings: strict),

        // The kernel: libfuse as the system has it, what Swift cannot say to it, and the bridge. Knows no drive.
        .systemLibrary(name: "CLibfuse", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .target(name: "CFuse", dependencies: ["CLibfuse"], cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(
            name: "FuseKernel",
            dependencies: ["Basics", "VFS", "CFuse", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Basics", "Drive"], swiftSettings: strict),

        .testTarget(name: "BasicsTests", dependencies: ["Basics", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "FuseKernelTests",
            dependencies: ["FuseKernel", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
