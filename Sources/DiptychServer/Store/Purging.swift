internal import Logging
internal import ServiceLifecycle

/// Removes items for good when they can no longer be brought back.
struct Purging: Service {
    let store: ServedStore
    let logger: Logger
    let stopper = ShutdownSignal()

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await logged { try await $0.begin() }
            while await stopper.wait(atMost: .seconds(5)) { await logged { try await $0.purge() } }
            await logged { try await $0.end() }
        } onCancelOrGracefulShutdown: {
            stopper.finish()
        }
    }

    private func logged(_ body: (ServedStore) async throws -> Void) async {
        do { try await body(store) } catch {
            logger.error("removing items failed", metadata: ["error": "\(error)"])
        }
    }
}
