#if Milvus
    import Diptych
    import DiptychMilvus
    import DiptychSearch
    import DiptychTestSupport
    import Foundation
    import Testing

    /// What every store must do, in a collection of a real server.
    @Suite(.enabled(if: MilvusServer.isInstalled, MilvusServer.missing)) struct ConformanceTests {
        @Test(arguments: StoreConformance.checks) func milvus(_ check: StoreConformance.Check) async throws {
            let number = StoreConformance.checks.firstIndex { $0.name == check.name } ?? 0
            let address = try await MilvusServer.shared.value.address("conformance_\(number)")
            var identity = Items.identity
            identity.dimension = 24
            let store = try await MilvusStore.open(address, like: identity)
            try await check.run(store)
            try await store.drop()
        }
    }
#endif
