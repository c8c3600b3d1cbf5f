import ArgumentParser

struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure how well a model finds and classifies.",
        discussion: """
            Without the name of a measurement it is retrieval.

            Example: diptych pictures --count 200 --seed 7 --output held-out && diptych evaluate --pictures held-out
            """,
        subcommands: [
            EvaluateRetrievalCommand.self, EvaluateZeroShotCommand.self, EvaluateChoiceCommand.self,
            EvaluateProbeCommand.self, EvaluateLabellingCommand.self,
            EvaluateCompareCommand.self, EvaluateMUGEScoreCommand.self, EvaluateRelevanceCommand.self,
            EvaluateTilesCommand.self, EvaluateMomentsCommand.self,
        ],
        defaultSubcommand: EvaluateRetrievalCommand.self)
}

/// How a measurement is written.
enum EvaluationFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
