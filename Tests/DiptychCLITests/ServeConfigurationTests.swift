import DiptychTestSupport
import Foundation
import Testing

/// Options of `diptych serve` in a file and in the environment. That a server comes up with them is shown by `Tests/api`.
struct ServeConfigurationTests {
    private func refusal(
        _ content: String, environment: [String: String] = [:]
    ) throws -> String {
        let folder = try TemporaryFolder()
        try Data(content.utf8).write(to: URL(fileURLWithPath: folder / "serve.json"))
        let result = try Command.run(["serve", "--config", "serve.json"], in: folder.path, environment: environment)
        #expect(result.status == 2 && result.output.isEmpty, "\(result)")
        return result.error
    }

    @Test(arguments: [
        (#"{"prot": 1}"#, "serve.json: 'prot' is not an option"),
        (#"{"port": "x"}"#, "serve.json: 'port' must be a whole number"),
        (#"{"port": 1.5}"#, "serve.json: 'port' must be a whole number"),
        (#"{"port": 1e99}"#, "serve.json: 'port' must be a whole number"),
        (#"{"batch-wait": "1"}"#, "serve.json: 'batch-wait' must be a number"),
        (#"{"load-all": "yes"}"#, "serve.json: 'load-all' must be true or false"),
        (#"{"also-model": "two=demo"}"#, "serve.json: 'also-model' must be a list of texts"),
        (#"{"store": null}"#, "serve.json: 'store' must be a text"),
        (#"{"store": {"place": "x"}}"#, "serve.json: 'store' must be a text"),
        (#"{"also-model": [], "port": []}"#, "serve.json: 'port' must be a whole number"),
        (#"{"port": 70000}"#, "--port must be 0 to 65535, not 70000"),
        (#"{"config": "other.json"}"#, "serve.json: 'config' is not an option"),
        ("[1]", "serve.json: is no JSON object"), ("{", "serve.json: is no JSON object"),
        ("\u{0}", "serve.json: is no JSON object"),
    ]) func `what is wrong with a file is said`(_ content: String, _ reason: String) throws {
        let error = try refusal(content)
        #expect(error.contains(reason), "\(error)")
    }

    @Test func `what is wrong with a variable is said`() throws {
        #expect(
            try refusal("{}", environment: ["DIPTYCH_SERVE_PROT": "1"]).contains("DIPTYCH_SERVE_PROT is not an option"))
        #expect(
            try refusal("{}", environment: ["DIPTYCH_SERVE_PORT": "x"])
                .contains("DIPTYCH_SERVE_PORT must be a whole number"))
        // The environment counts before the file.
        #expect(
            try refusal(#"{"port": 1}"#, environment: ["DIPTYCH_SERVE_PORT": "70000"]).contains("not 70000"))
        let missing = try Command.run("serve", "--config", "/none.json")
        #expect(missing.status == 2 && missing.error.contains("/none.json: cannot be read"))
    }

    @Test func `all options can be configured`() throws {
        let help = try Command.run("serve", "--help", environment: ["COLUMNS": "200"]).output
        let options = Set(help.matches(of: /^  --([a-z-]+)/.anchorsMatchLineEndings()).map { String($0.1) })
        #expect(options.count > 25)
        for option in options.subtracting(["config", "help", "version"]) {
            // No option is of this type, so each that is known complains about it.
            let error = try refusal(#"{"\#(option)": [[]]}"#)
            #expect(!error.contains("is not an option") && error.contains("serve.json"), "\(option): \(error)")
        }
    }
}
