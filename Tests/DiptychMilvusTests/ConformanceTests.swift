#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// What every store must do, in a collection of a real server.
    @Suite(.enabled(if: MilvusServer.isInstalled, MilvusServer.missing)) struct ConformanceTests {
        private func run(_ check: StoreConformance.Check, _ name: String) async throws {
            let address = try await MilvusServer.shared.value.address(name)
            var identity = Items.identity
            identity.dimension = 24
            let store = try await MilvusStore.open(address, like: identity)
            try await check.run(store)
            try await store.drop()
        }

        @Test(arguments: CatalogueConformance.checks)
        func catalogue(_ check: StoreConformance.Check) async throws {
            let number = CatalogueConformance.checks.firstIndex { $0.name == check.name } ?? 0
            try await run(check, "catalogue_\(number)")
        }

        @Test(arguments: VectorIndexConformance.checks)
        func vectorIndex(_ check: StoreConformance.Check) async throws {
            let number = VectorIndexConformance.checks.firstIndex { $0.name == check.name } ?? 0
            try await run(check, "vectors_\(number)")
        }
    }
#endif
