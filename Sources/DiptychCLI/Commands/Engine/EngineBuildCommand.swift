import ArgumentParser
import Foundation

/// It only waits for another program, which gets the signals of a terminal too: not asynchronous, so that they end it at once.
struct EngineBuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the torch engine against the libtorch that is here.",
        discussion: """
            Needs a C++ compiler and bash. libtorch is that of $DIPTYCH_LIBTORCH (a folder with lib/ and include/), else that of \
            python3's torch, 2.4 or newer, for processors or CUDA; else a wheel for processors is installed into the cache \
            directory (200 MB). The library lies at $DIPTYCH_TORCH, or in diptych/torch of the cache directory. With everything \
            in place it does nothing.

            Example: diptych engine build torch --path
            """)

    /// The engines that are built.
    enum Engine: String, ExpressibleByArgument, CaseIterable { case torch }

    @Argument(help: "The engine.")
    var engine: Engine

    @Flag(help: "Only print where the library lies, or would lie.")
    var path = false

    func run() throws {
        if path { return try StandardOutput.line(EngineChoice.pluginPath) }
        let folder: URL?
        do { folder = try EmbeddedFiles.unpacked("CTorch", into: HubSettings.cacheFolder) } catch {
            throw Failure("\(HubSettings.cacheFolder.path): cannot be written: \(error.localizedDescription)")
        }
        guard let script = folder?.appendingPathComponent("build") else {
            throw Failure("this program comes without the torch engine's source; run `make torch` in its checkout")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", script.path]
        do { try process.run() } catch {
            throw Failure("bash cannot be started: \(error.localizedDescription)")
        }
        process.waitUntilExit()
        // The script has said why.
        guard process.terminationReason == .exit, process.terminationStatus == 0 else { throw ExitStatus.failed }
    }
}
