namespace Graft.Conformance.Runners;

/// <summary>The messages of a .wandb file, for reading. Telemetry is a list of switches that no writer but wandb's own sets.</summary>
internal static class WandbMessages
{
    /// <summary>The table of fields.</summary>
    public static ProtobufSchema Schema { get; } = new("""
        Record: int64 num 1, History history 2, Items summary 3, Output output 4, Items config 5, Files files 6, Stats stats 7, Artifact artifact 8, Alert alert 10, Telemetry telemetry 11, Metric metric 12
        Record: Output output_raw 13, Control control 16, Run run 17, Exit exit 18, string uuid 19, Empty final 20, Header header 21, Empty footer 22, Empty preempting 23, Environment environment 26
        Record: Information _info 200
        Empty: Information _info 200
        Information: string stream_id 1
        Control: bool req_resp 1, bool local 2, string relay_id 3, string mailbox_slot 4, bool always_send 5, bool flow_control 6, int64 end_offset 7
        Item: string key 1, string[] nested_key 2, string value_json 16
        Items: Item[] update 1, Item[] remove 2, Information _info 200
        History: Item[] item 1, Step step 2, Information _info 200
        Step: int64 num 1
        Output: OutputType output_type 1, time timestamp 2, string line 3, Information _info 200
        enum OutputType: STDERR 0, STDOUT 1
        Files: FilesItem[] files 1, Information _info 200
        FilesItem: string path 1, FilesPolicy policy 2, FilesType type 3, string external_path 16
        enum FilesPolicy: NOW 0, END 1, LIVE 2
        enum FilesType: OTHER 0, WANDB 1, MEDIA 2, ARTIFACT 3
        Stats: StatsType stats_type 1, time timestamp 2, Item[] item 3, Information _info 200
        enum StatsType: SYSTEM 0
        Artifact: string run_id 1, string project 2, string entity 3, string type 4, string name 5, string digest 6, string description 7, string metadata 8, bool user_created 9, bool use_after_commit 10
        Artifact: string[] aliases 11, bytes manifest 12, string distributed_id 13, bool finalize 14, string client_id 15, string sequence_client_id 16, Information _info 200
        Alert: string title 1, string text 2, string level 3, int64 wait_duration 4, Information _info 200
        Metric: string name 1, string glob_name 2, string step_metric 4, int32 step_metric_index 5, MetricOptions options 6, MetricSummary summary 7, MetricGoal goal 8, MetricControl _control 9
        Metric: Information _info 200
        MetricOptions: bool step_sync 1, bool hidden 2, bool defined 3
        MetricSummary: bool min 1, bool max 2, bool mean 3, bool best 4, bool last 5, bool none 6, bool copy 7, bool first 8
        enum MetricGoal: GOAL_UNSET 0, GOAL_MINIMIZE 1, GOAL_MAXIMIZE 2
        MetricControl: bool overwrite 1
        Header: Version version_info 1, Information _info 200
        Version: string producer 1, string min_consumer 2, Information _info 200
        Run: string run_id 1, string entity 2, string project 3, Items config 4, Items summary 5, string run_group 6, string job_type 7, string display_name 8, string notes 9, string[] tags 10
        Run: Settings settings 11, string sweep_id 12, string host 13, int64 starting_step 14, string storage_id 16, time start_time 17, bool resumed 18, Telemetry telemetry 19, int32 runtime 20
        Run: Git git 21, bool forked 22, Information _info 200
        Settings: Item[] item 1, Information _info 200
        Git: string remote_url 1, string commit 2
        Exit: int32 exit_code 1, int32 runtime 2, Information _info 200
        Environment: string os 1, string python 2, time started_at 3, string docker 4, string[] args 5, string program 6, string code_path 7, string code_path_local 8, Git git 9, string email 10
        Environment: string root 11, string host 12, string username 13, string executable 14, string colab 15, Information _info 200
        Telemetry: Imports imports_init 1, Imports imports_finish 2, Feature feature 3, string python_version 4, string cli_version 5, string huggingface_version 6, Env env 8, Labels label 9
        Telemetry: Issues issues 11, string core_version 12, string platform 13, Information _info 200
        Labels: string code_string 1, string repo_string 2, string code_version 3
        Issues: bool settings__validation_warnings 1, bool settings__unexpected_args 2, bool settings__preprocessing_warnings 3
        Env: bool jupyter 1, bool kaggle 2, bool windows 3, bool m1_gpu 4, bool start_spawn 5, bool start_fork 6, bool start_forkserver 7, bool start_thread 8, bool maybe_mp 9
        Env: bool trainium 10, bool pex 11, bool colab 12, bool ipython 13, bool aws_lambda 14, bool amd_gpu 15
        Imports: bool torch 1, bool keras 2, bool tensorflow 3, bool fastai 4, bool sklearn 5, bool xgboost 6, bool catboost 7, bool lightgbm 8, bool pytorch_lightning 9, bool ignite 10
        Imports: bool transformers 11, bool jax 12, bool huggingface_hub 49, bool datasets 51, bool accelerate 71, bool trl 84, bool peft 98, bool optimum 99, bool evaluate 100
        Imports: bool orjson 105
        Feature: bool watch 1, bool finish 2, bool save 3, bool offline 4, bool resumed 5, bool grpc 6, bool metric 7, bool keras 8, bool sagemaker 9, bool artifact_incremental 10
        Feature: bool metaflow 11, bool prodigy 12, bool set_init_name 13, bool set_init_id 14, bool set_init_tags 15, bool set_init_config 16, bool set_run_name 17, bool set_run_tags 18
        Feature: bool set_config_item 19, bool launch 20, bool torch_profiler_trace 21, bool sb3 22, bool service 23, bool init_return_run 24, bool lightgbm_wandb_callback 25
        Feature: bool lightgbm_log_summary 26, bool catboost_wandb_callback 27, bool catboost_log_summary 28, bool tensorboard_log 29, bool estimator_hook 30
        Feature: bool xgboost_wandb_callback 31, bool xgboost_old_wandb_callback 32, bool attach 33, bool tensorboard_patch 34, bool tensorboard_sync 35, bool kfp_wandb_log 36
        Feature: bool maybe_run_overwrite 37, bool keras_metrics_logger 38, bool keras_model_checkpoint 39, bool keras_wandb_eval_callback 40, bool flow_control_overflow 41, bool sync 42
        Feature: bool flow_control_disabled 43, bool flow_control_custom 44, bool service_disabled 45, bool open_metrics 46, bool ultralytics_yolov8 47, bool importer_mlflow 48
        Feature: bool sync_tfevents 49, bool async_uploads 50, bool openai_autolog 51, bool langchain_tracer 52, bool cohere_autolog 53, bool hf_pipeline_autolog 54, bool core 55
        Feature: bool lib_c 56, bool lib_cpp 57, bool openai_finetuning 58, bool diffusers_autolog 59, bool lightning_fabric_logger 60, bool set_step_log 61, bool set_summary 62
        Feature: bool metric_summary 63, bool metric_goal 64, bool metric_hidden 65, bool metric_step_sync 66, bool shared_mode 67
        """);
}
