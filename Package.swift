// swift-tools-version: 6.1
// Targets stand bottom-up: bytes come in as media or text, become tensors, go through a model that an engine runs,
// come out as embeddings, and are stored and searched. Dependencies point one way, as drawn in Documentation/design.md.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "diptych",
    products: [
        .library(name: "Diptych", targets: ["Diptych"]),
        .executable(name: "diptych", targets: ["DiptychCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // System libraries: a module map each, and a shim.h where Swift cannot call a function.
        .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
        // GObject's flags are all that libvips' headers need; vips.pc also lists flags that SwiftPM warns about.
        .systemLibrary(name: "CVips", pkgConfig: "gobject-2.0", providers: [.apt(["libvips-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        // Our own C: vectorised kernels, each with a scalar twin.
        .target(name: "CKernels"),

        // Leaves: no machine learning.
        .target(name: "DiptychTensors", swiftSettings: strict),
        .target(name: "DiptychTokenizers", swiftSettings: strict),
        .target(name: "DiptychMedia", dependencies: ["CCurl", "CKernels", "CVips"], swiftSettings: strict),
        .target(name: "DiptychPictures", dependencies: ["DiptychMedia"], swiftSettings: strict),

        // Engines and models.
        .target(name: "DiptychEngine", dependencies: ["CDNNL", "CKernels", "DiptychTensors"], swiftSettings: strict),
        .target(name: "DiptychModels", dependencies: ["DiptychEngine", "DiptychTensors"], swiftSettings: strict),

        // What users import and type.
        .target(
            name: "Diptych",
            dependencies: ["DiptychEngine", "DiptychMedia", "DiptychModels", "DiptychTensors", "DiptychTokenizers"],
            swiftSettings: strict),
        .executableTarget(
            name: "DiptychCLI",
            dependencies: [
                "Diptych", "DiptychMedia", "DiptychPictures",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .testTarget(name: "DiptychTensorsTests", dependencies: ["DiptychTensors"], swiftSettings: strict),
        .testTarget(
            name: "DiptychTokenizersTests", dependencies: ["DiptychTokenizers"], resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychMediaTests", dependencies: ["CKernels", "DiptychMedia"], resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychPicturesTests", dependencies: ["DiptychPictures", "DiptychMedia"], swiftSettings: strict),
        .testTarget(name: "DiptychEngineTests", dependencies: ["DiptychEngine"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
