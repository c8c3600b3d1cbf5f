import Diptych
import DiptychSearch
import DiptychTestSupport
import Foundation
import Testing

/// What every store must do, in the embedded one.
@Suite struct ConformanceTests {
    @Test(arguments: StoreConformance.checks) func embedded(_ check: StoreConformance.Check) async throws {
        let directory = try TemporaryDirectory()
        let model = try await TinyModel.load()
        try await check.run(EmbeddedStore.open(at: directory.url.appendingPathComponent("store"), for: model))
    }
}
