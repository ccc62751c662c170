/** What the page of a new Experiment begins with: small, complete, and valid. */
export const STARTER = `apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata:
  name: my-experiment
  namespace: default
spec:
  objective:
    type: maximize
    objectiveMetricName: accuracy
  algorithm:
    algorithmName: tpe
  parallelTrialCount: 2
  maxTrialCount: 12
  maxFailedTrialCount: 3
  parameters:
    - name: lr
      parameterType: double
      feasibleSpace:
        min: "0.0001"
        max: "0.1"
        distribution: logUniform
  trialTemplate:
    primaryContainerName: training
    trialParameters:
      - name: lr
        reference: lr
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
              - name: training
                image: registry.example.com/you/train:1.0
                command:
                  - python
                  - train.py
                  - --lr=\${trialParameters.lr}
`;
