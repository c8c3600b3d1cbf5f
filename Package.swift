// swift-tools-version: 6.1
// Targets stand bottom-up: bytes come in as media or text, become tensors, go through a model that an engine runs,
// come out as embeddings, and are stored and searched. Dependencies point one way, as drawn in Documentation/design.md.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

// The documentation's plugin is wanted by `make docs` only, and by nobody who depends on this package.
let documentation: [Package.Dependency] =
    Context.environment["DIPTYCH_DOCS"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")]

let package = Package(
    name: "diptych",
    products: [
        .library(name: "Diptych", targets: ["Diptych"]),
        .library(name: "DiptychSearch", targets: ["DiptychSearch"]),
        .library(name: "DiptychDatasets", targets: ["DiptychDatasets"]),
        .library(name: "DiptychCatalog", targets: ["DiptychCatalog"]),
        .library(name: "DiptychCuration", targets: ["DiptychCuration"]),
        .library(name: "DiptychSources", targets: ["DiptychSources"]),
        .library(name: "DiptychEvaluation", targets: ["DiptychEvaluation"]),
        .library(name: "DiptychMap", targets: ["DiptychMap"]),
        .library(name: "DiptychLabels", targets: ["DiptychLabels"]),
        .library(name: "DiptychTraining", targets: ["DiptychTraining"]),
        .library(name: "DiptychTokenizers", targets: ["DiptychTokenizers"]),
        .library(name: "DiptychMedia", targets: ["DiptychMedia"]),
        .library(name: "DiptychVideo", targets: ["DiptychVideo"]),
        .library(name: "DiptychEngine", targets: ["DiptychEngine", "DiptychModels", "DiptychCheckpoints"]),
        .library(name: "DiptychONNX", targets: ["DiptychONNX"]),
        .library(name: "DiptychTorch", targets: ["DiptychTorch"]),
        .library(name: "DiptychTiles", targets: ["DiptychTiles"]),
        .library(name: "DiptychReading", targets: ["DiptychReading"]),
        .library(name: "DiptychMilvus", targets: ["DiptychMilvus"]),
        .library(name: "DiptychServer", targets: ["DiptychServer"]),
        .executable(name: "diptych", targets: ["DiptychCLI"]),
    ],
    // An optional part, so that nobody fetches gRPC to search photographs. Without its trait, DiptychMilvus is empty.
    traits: [
        .trait(name: "Milvus", description: "A vector store over Milvus.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The server.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // Only with the trait Milvus.
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    ] + documentation,
    targets: [
        // System libraries: a module map each, and a shim.h where Swift cannot call a function.
        .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
        // GObject's flags are all that libvips' headers need; vips.pc also lists flags that SwiftPM warns about.
        .systemLibrary(name: "CVips", pkgConfig: "gobject-2.0", providers: [.apt(["libvips-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSnappy", providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CLZ4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CBrotli", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CLMDB", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        // Our own C: vectorised kernels, each with a scalar twin.
        .target(name: "CKernels", linkerSettings: [.linkedLibrary("gomp")]),
        // libjpeg's errors are long jumps, which must not cross Swift.
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        // The demo model, the pages and the torch engine's source, as part of the program. The files themselves are found as headers are.
        .target(
            name: "CResources", exclude: ["Files.inc"],
            cSettings: [
                .headerSearchPath("../DiptychCLI/Resources"), .headerSearchPath("../DiptychServer"),
                .headerSearchPath(".."),
            ]),
        // FFmpeg's libraries, which are loaded when a video is first read.
        .target(name: "CFFmpeg"),
        // libtiff comes with libvips, which does not convert YCbCr.
        .target(name: "CTIFF", linkerSettings: [.linkedLibrary("tiff")]),

        // Leaves: no machine learning.
        // Shared basics: JSON, atomic file writes, decompression, threads for blocking work, seeded random numbers.
        .target(
            name: "DiptychBasics",
            dependencies: ["CZlib", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(name: "DiptychCheckpoints", dependencies: ["DiptychBasics"], swiftSettings: strict),
        .target(
            name: "DiptychTokenizers",
            dependencies: ["DiptychBasics", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(
            name: "DiptychDatasets",
            dependencies: ["CBrotli", "CLMDB", "CLZ4", "CSnappy", "CZstd", "DiptychBasics", "DiptychCheckpoints"],
            swiftSettings: strict),
        .target(name: "DiptychNetwork", dependencies: ["CCurl"], swiftSettings: strict),
        .target(
            name: "DiptychMedia",
            dependencies: ["CJPEG", "CKernels", "CTIFF", "CVips", "DiptychBasics", "DiptychNetwork"],
            swiftSettings: strict),
        // Videos: frames, which of them to take, shots.
        .target(
            name: "DiptychVideo", dependencies: ["CFFmpeg", "DiptychBasics", "DiptychMedia"], swiftSettings: strict),
        // Buckets, web servers and folders as sources of files, and downloads.
        .target(
            name: "DiptychSources",
            dependencies: [
                "DiptychBasics", "DiptychDatasets", "DiptychMedia", "DiptychNetwork",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        // ONNX files in ONNX Runtime, whose library is loaded when the first one is opened.
        .target(name: "CONNXRuntime"),
        .target(
            name: "DiptychONNXRuntime", dependencies: ["CONNXRuntime", "DiptychCheckpoints"], swiftSettings: strict),
        // Text in images. CTesseract loads the shared library when it is first asked for.
        .target(name: "CTesseract"),
        .target(
            name: "DiptychReading", dependencies: ["CTesseract", "DiptychBasics", "DiptychMedia"], swiftSettings: strict
        ),
        .target(
            name: "DiptychSamples", dependencies: ["DiptychBasics", "DiptychMedia", "DiptychVideo"],
            swiftSettings: strict),
        .target(
            name: "DiptychHub",
            dependencies: ["DiptychBasics", "DiptychNetwork", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),

        // Engines and models.
        .target(
            name: "DiptychEngine", dependencies: ["CDNNL", "CKernels", "DiptychCheckpoints"], swiftSettings: strict),
        .target(
            name: "DiptychModels", dependencies: ["DiptychBasics", "DiptychCheckpoints", "DiptychEngine"],
            swiftSettings: strict),
        // libtorch's plug-in: only its header is used here. Sources/CTorch/build compiles it into a library that is loaded at run time.
        .systemLibrary(name: "CTorch"),
        .target(
            name: "DiptychTorch", dependencies: ["CTorch", "DiptychCheckpoints", "DiptychEngine"],
            swiftSettings: strict),
        // A target of its own, so that only those who export build swift-protobuf.
        .target(
            name: "DiptychONNX",
            dependencies: [
                "DiptychBasics", "DiptychEngine", "DiptychModels", "DiptychCheckpoints",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Schema/onnx.proto"], swiftSettings: strict),

        // What users import and type.
        .target(
            name: "Diptych",
            dependencies: [
                "CKernels", "DiptychBasics", "DiptychEngine", "DiptychHub", "DiptychMedia", "DiptychModels",
                "DiptychCheckpoints", "DiptychONNXRuntime", "DiptychTokenizers", "DiptychVideo",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        .target(
            name: "DiptychTiles", dependencies: ["Diptych", "DiptychBasics", "DiptychMedia", "DiptychReading"],
            swiftSettings: strict),
        .target(
            name: "DiptychSearch",
            dependencies: [
                "CKernels", "Diptych", "DiptychBasics", "DiptychDatasets", "DiptychEngine", "DiptychMedia",
                "DiptychVideo",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "HeapModule", package: "swift-collections"),
            ],
            swiftSettings: strict),
        // The second vector store. Everything in it stands under `#if Milvus`.
        .target(
            name: "DiptychMilvus",
            dependencies: [
                "Diptych", "DiptychMedia", "DiptychSearch", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["Milvus"])),
                .product(name: "GRPCCore", package: "grpc-swift-2", condition: .when(traits: ["Milvus"])),
                .product(
                    name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport",
                    condition: .when(traits: ["Milvus"])),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf", condition: .when(traits: ["Milvus"])),
            ],
            exclude: ["Schema/milvus.proto"], swiftSettings: strict),
        // Curated tables with versions.
        .target(
            name: "DiptychCatalog",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychDatasets", "DiptychMedia",
                .product(name: "Crypto", package: "swift-crypto"), .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        // How well a model does, by numbers.
        .target(
            name: "DiptychEvaluation", dependencies: ["Diptych", "DiptychBasics"], swiftSettings: strict),
        // Maps of embeddings: what is alike lies together.
        .target(
            name: "DiptychMap", dependencies: ["Diptych", "DiptychBasics", "DiptychSearch"], swiftSettings: strict),
        // Training on the torch engine: losses, optimiser, the loop, checkpoints.
        .target(
            name: "DiptychTraining",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychCheckpoints", "DiptychDatasets", "DiptychEngine",
                "DiptychEvaluation", "DiptychMedia", "DiptychModels", "DiptychTokenizers", "DiptychTorch",
            ],
            swiftSettings: strict),
        // Datasets looked after: faults, repair, statistics, near duplicates.
        .target(
            name: "DiptychCuration",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychDatasets", "DiptychMedia", "DiptychTokenizers",
            ],
            swiftSettings: strict),
        // Labels given to images by people, with a model that learns from them.
        .target(
            name: "DiptychLabels",
            dependencies: [
                "CKernels", "Diptych", "DiptychBasics", "DiptychDatasets", "DiptychEvaluation", "DiptychSearch",
            ],
            swiftSettings: strict),
        // HTTP and web pages.
        .target(
            name: "DiptychServer",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychEngine", "DiptychLabels", "DiptychMap", "DiptychMedia",
                "DiptychModels", "DiptychReading", "DiptychSearch", "DiptychTiles", "DiptychTokenizers",
                "DiptychVideo",
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            resources: [.copy("Pages")], swiftSettings: strict),
        .executableTarget(
            name: "DiptychCLI",
            dependencies: [
                "CMalloc", "CResources", "Diptych", "DiptychBasics", "DiptychCatalog", "DiptychDatasets",
                "DiptychEngine",
                "DiptychHub",
                "DiptychLabels",
                "DiptychMedia",
                "DiptychCuration", "DiptychEvaluation", "DiptychMap", "DiptychMilvus",
                "DiptychModels", "DiptychONNX", "DiptychONNXRuntime", "DiptychSamples", "DiptychSearch",
                "DiptychServer", "DiptychSources",
                "DiptychCheckpoints",
                "DiptychTokenizers", "DiptychTorch", "DiptychTraining",
                "DiptychReading", "DiptychTiles", "DiptychVideo",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Resources")],
            swiftSettings: strict),

        // No product: `make bench-search` runs it.
        .executableTarget(
            name: "search-bench", dependencies: ["Diptych", "DiptychSearch"], path: "Benchmarks/search/SearchBench",
            swiftSettings: strict),

        // No product: `make bench-datasets` runs it.
        .executableTarget(
            name: "dataset-bench", dependencies: ["DiptychDatasets"], path: "Benchmarks/datasets/DatasetBench",
            swiftSettings: strict),

        // No product: the regression guard runs it, to count allocations and instructions.
        .target(name: "CAllocations", path: "Benchmarks/guard/CAllocations"),
        .executableTarget(
            name: "engine-guard",
            dependencies: ["CAllocations", "CKernels", "DiptychEngine", "DiptychModels", "DiptychCheckpoints"],
            path: "Benchmarks/guard/EngineGuard", swiftSettings: strict),

        // No product: stores whose file system fails at any call. `swift run sim --seed N` repeats a failure.
        .target(
            name: "CFaults", path: "Tests/Simulation/CFaults", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "StoreSimulation",
            dependencies: ["CFaults", "Diptych", "DiptychMedia", "DiptychSearch", "DiptychTestSupport"],
            path: "Tests/Simulation/StoreSimulation", swiftSettings: strict),
        .executableTarget(
            name: "sim", dependencies: ["StoreSimulation"], path: "Tests/Simulation/sim", swiftSettings: strict),

        // Shared by the tests of several targets: a small model, images, files to damage.
        .target(
            name: "DiptychTestSupport",
            dependencies: [
                "Diptych", "DiptychMedia", "DiptychONNXRuntime", "DiptychSearch", "DiptychTorch",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Tests/DiptychTestSupport", swiftSettings: strict),
        .testTarget(name: "DiptychBasicsTests", dependencies: ["DiptychBasics"], swiftSettings: strict),
        .testTarget(
            name: "DiptychCheckpointsTests", dependencies: ["DiptychCheckpoints"], resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychTokenizersTests", dependencies: ["DiptychBasics", "DiptychTokenizers"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychDatasetsTests",
            dependencies: ["DiptychDatasets", "DiptychCheckpoints", "DiptychTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychCatalogTests",
            dependencies: ["Diptych", "DiptychCatalog", "DiptychDatasets", "DiptychTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "DiptychMediaTests", dependencies: ["CKernels", "DiptychMedia", "DiptychTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychVideoTests", dependencies: ["DiptychMedia", "DiptychTestSupport", "DiptychVideo"],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychSourcesTests",
            dependencies: ["DiptychDatasets", "DiptychMedia", "DiptychSources", "DiptychTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychHubTests", dependencies: ["DiptychHub", "DiptychTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "DiptychSamplesTests", dependencies: ["DiptychSamples", "DiptychMedia"], swiftSettings: strict),
        .testTarget(
            name: "DiptychEngineTests",
            dependencies: ["CKernels", "DiptychEngine", "DiptychModels", "DiptychCheckpoints", "engine-guard"],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychTests",
            dependencies: [
                "Diptych", "DiptychEngine", "DiptychMedia", "DiptychModels", "DiptychCheckpoints", "DiptychTestSupport",
                "DiptychTokenizers",
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "DiptychSearchTests",
            dependencies: [
                "CFaults", "CKernels", "Diptych", "DiptychMedia", "DiptychSearch", "DiptychTestSupport",
                "StoreSimulation",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychCurationTests",
            dependencies: ["Diptych", "DiptychCuration", "DiptychDatasets", "DiptychMedia", "DiptychTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychMapTests", dependencies: ["Diptych", "DiptychBasics", "DiptychMap"], swiftSettings: strict),
        .testTarget(
            name: "DiptychEvaluationTests", dependencies: ["Diptych", "DiptychBasics", "DiptychEvaluation"],
            resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychLabelsTests",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychDatasets", "DiptychEvaluation", "DiptychLabels", "DiptychSearch",
                "DiptychTestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychTilesTests",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychMedia", "DiptychReading", "DiptychSamples", "DiptychTestSupport",
                "DiptychTiles",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychMilvusTests",
            dependencies: [
                "Diptych", "DiptychMedia", "DiptychMilvus", "DiptychSearch", "DiptychTestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["Milvus"])),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychServerTests",
            dependencies: [
                "Diptych", "DiptychMedia", "DiptychSamples", "DiptychSearch", "DiptychServer", "DiptychTestSupport",
                "DiptychTiles",
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychCLITests",
            dependencies: [
                "Diptych", "DiptychCLI", "DiptychCatalog", "DiptychDatasets", "DiptychHub", "DiptychMedia",
                "DiptychSearch", "DiptychVideo",
                "DiptychCheckpoints", "DiptychTestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychONNXTests",
            dependencies: [
                "Diptych", "DiptychEngine", "DiptychModels", "DiptychONNX", "DiptychONNXRuntime", "DiptychCheckpoints",
                "DiptychMedia", "DiptychTestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "DiptychModelsTests",
            dependencies: [
                "DiptychEngine", "DiptychModels", "DiptychCheckpoints", "DiptychTestSupport", "DiptychTorch",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "DiptychTrainingTests",
            dependencies: [
                "Diptych", "DiptychBasics", "DiptychCheckpoints", "DiptychDatasets", "DiptychMedia",
                "DiptychTestSupport",
                "DiptychTorch", "DiptychTraining",
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
