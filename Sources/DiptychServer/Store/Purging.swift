internal import Logging
internal import ServiceLifecycle

/// Removes items for good when they can no longer be brought back.
struct Purging: Service {
    let store: ServedStore
    let logger: Logger
    let stopper = Stopper()

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            while await stopper.wait(atMost: .seconds(5)) { await purge(everything: false) }
            await purge(everything: true)
        } onCancelOrGracefulShutdown: {
            stopper.finish()
        }
    }

    private func purge(everything: Bool) async {
        do { try await store.purge(everything: everything) } catch {
            logger.error("removing items failed", metadata: ["error": "\(error)"])
        }
    }
}
