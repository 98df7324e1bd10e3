using Graft.Cli.CommandLine;

return await GraftTool.RunAsync(args, Console.Out, Console.Error);
