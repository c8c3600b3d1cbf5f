import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What every store must do, in the embedded one.
@Suite struct ConformanceTests {
    private func run(_ check: StoreConformance.Check) async throws {
        let directory = try TemporaryDirectory()
        let model = try await TinyModel.load()
        try await check.run(EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model))
    }

    @Test(arguments: CatalogueConformance.checks) func catalogue(_ check: StoreConformance.Check) async throws {
        try await run(check)
    }

    @Test(arguments: VectorIndexConformance.checks) func vectorIndex(_ check: StoreConformance.Check) async throws {
        try await run(check)
    }

    /// The same by codes, which such small stores do without.
    @Test(arguments: VectorIndexConformance.checks) func codes(_ check: StoreConformance.Check) async throws {
        let directory = try TemporaryDirectory()
        let place = directory.url.appendingPathComponent("store")
        _ = try await EmbeddedStore.open(at: place, for: TinyModel.load())
        try await check.run(EmbeddedStore.open(at: place, codesFrom: 16, capacity: 64))
    }
}
